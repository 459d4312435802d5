//! limbeck for C++ hosts that build from source.
