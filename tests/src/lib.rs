//! Tests that cross crates stand in `tests/tests/`.
