# The targets of limbeck, for the build itself and for those who find it installed. Before it is included these are set:
# LIMBECK_LIBRARY_DIR, LIMBECK_INCLUDE_DIR, LIMBECK_SOVERSION, LIMBECK_SYSTEM_LIBRARIES, LIMBECK_MPI_FOUND, and
# limbeck_target_scope, GLOBAL or nothing.
#
#   limbeck::limbeck, limbeck::static            the serial library, shared and static
#   limbeck::mpi, limbeck::mpi_static            the library whose sessions take a communicator
#   limbeck::stub                                limbeck_stub.h: calls that do nothing, no library
#
# The libraries have the same symbols, so that a program links one of them: two are refused when the build is generated.
# MPI itself is the program's own business; limbeck's header does not include mpi.h.

function(limbeck_target name kind file variant)
  add_library(limbeck::${name} ${kind} IMPORTED ${limbeck_target_scope})
  set_target_properties(limbeck::${name} PROPERTIES
    IMPORTED_LOCATION "${LIMBECK_LIBRARY_DIR}/${file}"
    INTERFACE_INCLUDE_DIRECTORIES "${LIMBECK_INCLUDE_DIR}"
    INTERFACE_limbeck_library ${variant}
    COMPATIBLE_INTERFACE_STRING limbeck_library)
  if(kind STREQUAL "SHARED")
    set_target_properties(limbeck::${name} PROPERTIES IMPORTED_SONAME ${file})
  else()
    separate_arguments(system UNIX_COMMAND "${LIMBECK_SYSTEM_LIBRARIES}")
    set_target_properties(limbeck::${name} PROPERTIES INTERFACE_LINK_LIBRARIES "${system}")
  endif()
endfunction()

if(NOT TARGET limbeck::limbeck)
  limbeck_target(limbeck SHARED liblimbeck.so.${LIMBECK_SOVERSION} serial)
  limbeck_target(static STATIC liblimbeck.a serial)
  if(LIMBECK_MPI_FOUND)
    limbeck_target(mpi SHARED liblimbeck_mpi.so.${LIMBECK_SOVERSION} mpi)
    limbeck_target(mpi_static STATIC liblimbeck_mpi.a mpi)
  endif()
  add_library(limbeck::stub INTERFACE IMPORTED ${limbeck_target_scope})
  set_target_properties(limbeck::stub PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${LIMBECK_INCLUDE_DIR}")
endif()
