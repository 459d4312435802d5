# What `cmake --install` puts where. Nothing in it names the prefix, so that the tree may be moved afterwards.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/limbeck)
set(libraries liblimbeck)
if(LIMBECK_MPI_FOUND)
  list(APPEND libraries liblimbeck_mpi)
endif()
foreach(library IN LISTS libraries)
  install(PROGRAMS ${LIMBECK_LIBRARY_DIR}/${library}.so.${PROJECT_VERSION}
    DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime)
  install(FILES ${LIMBECK_LIBRARY_DIR}/${library}.so.${LIMBECK_SOVERSION}
    DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime)
  install(FILES ${LIMBECK_LIBRARY_DIR}/${library}.so ${LIMBECK_LIBRARY_DIR}/${library}.a
    DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
endforeach()
if(LIMBECK_CLI)
  install(PROGRAMS ${LIMBECK_PROGRAM} DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
endif()
if(LIMBECK_SHARE_DIR)
  install(DIRECTORY ${LIMBECK_SHARE_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT runtime)
  install(DIRECTORY ${LIMBECK_SHARE_DIR}/ DESTINATION ${CMAKE_INSTALL_DATADIR} COMPONENT runtime
    PATTERN man EXCLUDE)
endif()
install(DIRECTORY include/limbeck DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
install(FILES LICENSE-MIT LICENSE-APACHE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
# The letters in the program's pictures are those of a font with a licence of its own.
if(LIMBECK_CLI)
  install(FILES rust/picture/font/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME LICENSE-DejaVu COMPONENT runtime)
endif()
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime
  FILES_MATCHING PATTERN "*.md" PATTERN "*.png" PATTERN "*.gif")
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT development)

# ----------------------------------------------------------------------------------------------------- find_package --
configure_package_config_file(cmake/limbeckConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/limbeckConfig.cmake
  INSTALL_DESTINATION ${package_dir} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_DATADIR)
# Until 1.0 a new minor version may change anything; after it this becomes SameMajorVersion.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/limbeckConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/limbeckConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/limbeckConfigVersion.cmake
  cmake/limbeckTargets.cmake cmake/LimbeckMpiLibrary.cmake DESTINATION ${package_dir} COMPONENT development)

# ------------------------------------------------------------------------------------------------------- pkg-config --
# Paths count from the place of the .pc file.
file(RELATIVE_PATH pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")
foreach(directory LIBDIR INCLUDEDIR)
  file(RELATIVE_PATH pc_${directory} ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_${directory}})
endforeach()
# limbeck_pc(NAME DESCRIPTION MODULES REQUIRES LIBS PRIVATE): installs NAME.pc.
function(limbeck_pc pc_name pc_description pc_modules pc_requires pc_libs pc_private)
  configure_file(cmake/limbeck.pc.in ${CMAKE_CURRENT_BINARY_DIR}/${pc_name}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${pc_name}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
endfunction()
set(variants limbeck)
if(LIMBECK_MPI_FOUND)
  list(APPEND variants limbeck_mpi)
endif()
foreach(variant IN LISTS variants)
  string(REPLACE "limbeck" "" suffix ${variant})
  set(description "${PROJECT_DESCRIPTION}")
  if(suffix)
    string(APPEND description ", for programs with MPI (${LIMBECK_MPI_LIBRARY})")
  endif()
  limbeck_pc(${variant} "${description}" "" "" -l${variant} "${LIMBECK_SYSTEM_LIBRARIES}")
  if(LIMBECK_FORTRAN_FOUND)
    # Modules of the compiler that limbeck was built with.
    limbeck_pc(limbeck_fortran${suffix} "${description}: the Fortran module" "/limbeck/fortran${suffix}" ${variant}
      -llimbeck_fortran${suffix} "")
  endif()
endforeach()
