# Finds cargo and MPI, and has cargo build into lib/ and bin/ of the build directory. Afterwards limbeck::limbeck and
# the other targets of cmake/limbeckTargets.cmake can be used, in this build and by projects that include it.

# ------------------------------------------------------------------------------------------------------------ cargo --
find_program(CARGO_EXECUTABLE cargo HINTS $ENV{CARGO_HOME}/bin $ENV{HOME}/.cargo/bin)
file(STRINGS Cargo.toml rust_version REGEX "^rust-version = " LIMIT_COUNT 1)
string(REGEX MATCH "[0-9.]+" rust_version "${rust_version}")
if(NOT CARGO_EXECUTABLE)
  message(FATAL_ERROR "cargo was not found: limbeck needs Rust ${rust_version} or newer (https://rustup.rs), or "
    "-DCARGO_EXECUTABLE=/path/to/cargo.")
endif()
execute_process(COMMAND ${CARGO_EXECUTABLE} --version OUTPUT_VARIABLE present OUTPUT_STRIP_TRAILING_WHITESPACE)
string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" present "${present}")
if(present VERSION_LESS rust_version)
  message(FATAL_ERROR "limbeck needs Rust ${rust_version} or newer; ${CARGO_EXECUTABLE} is ${present}.")
endif()

set(cargo_target "$ENV{CARGO_TARGET_DIR}")
if(NOT cargo_target)
  set(cargo_target ${CMAKE_CURRENT_BINARY_DIR}/cargo)
endif()
set(LIMBECK_CARGO_TARGET_DIR "${cargo_target}" CACHE PATH "Where cargo builds")

# What a program needs that links the static library: asked of the compiler, as it depends on the C library.
get_filename_component(cargo_directory ${CARGO_EXECUTABLE} DIRECTORY)
find_program(RUSTC_EXECUTABLE rustc HINTS ${cargo_directory})
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/empty.rs "")
execute_process(
  COMMAND ${RUSTC_EXECUTABLE} --crate-type staticlib --print native-static-libs empty.rs
  WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR} OUTPUT_QUIET ERROR_VARIABLE answer)
string(REGEX MATCH "native-static-libs: ([^\n]*)" answer "${answer}")
set(LIMBECK_SYSTEM_LIBRARIES "${CMAKE_MATCH_1}")

# ------------------------------------------------------------------------------------------------- what is built here --
set(LIMBECK_MPI_FOUND FALSE)
if(LIMBECK_MPI STREQUAL "AUTO")
  find_package(MPI COMPONENTS C QUIET)
  # The bindings to MPI are made of its header when limbeck is built, which takes libclang.
  file(GLOB libclang $ENV{LIBCLANG_PATH}/libclang*.so* /usr/lib*/libclang*.so* /usr/lib/*/libclang*.so*
    /usr/lib/llvm*/lib/libclang*.so*)
  if(MPI_C_FOUND AND libclang)
    set(LIMBECK_MPI_FOUND TRUE)
  elseif(MPI_C_FOUND)
    message(STATUS "limbeck: there is MPI, but no libclang; LIBCLANG_PATH may say where it is")
  endif()
elseif(LIMBECK_MPI)
  find_package(MPI REQUIRED COMPONENTS C)
  set(LIMBECK_MPI_FOUND TRUE)
endif()
set(LIMBECK_FORTRAN_FOUND FALSE)
if(LIMBECK_FORTRAN STREQUAL "AUTO")
  include(CheckLanguage)
  check_language(Fortran)
  if(CMAKE_Fortran_COMPILER)
    set(LIMBECK_FORTRAN_FOUND TRUE)
  endif()
elseif(LIMBECK_FORTRAN)
  set(LIMBECK_FORTRAN_FOUND TRUE)
endif()

# The number in the soname is that of incompatible ABIs; the linker's argument has it.
file(READ rust/capi/build.rs linking)
string(REGEX MATCH "\\.so\\.([0-9]+)" soname "${linking}")
set(LIMBECK_SOVERSION ${CMAKE_MATCH_1})
set(LIMBECK_LIBRARY_DIR ${CMAKE_CURRENT_BINARY_DIR}/lib)
set(LIMBECK_PROGRAM ${CMAKE_CURRENT_BINARY_DIR}/bin/limbeck)
file(MAKE_DIRECTORY ${LIMBECK_LIBRARY_DIR} ${CMAKE_CURRENT_BINARY_DIR}/bin)

# limbeck_cargo(NAME TARGET_DIRECTORY ENVIRONMENT LIBRARY PACKAGE...): a target that builds the packages whenever their
# sources changed (cargo knows), and puts LIBRARY, static and shared with the links to it, into the build directory.
function(limbeck_cargo name target_directory environment library)
  set(packages "")
  set(program "")
  foreach(package IN LISTS ARGN)
    if(package MATCHES "^(.*)\\[(.*)\\]$")
      set(package ${CMAKE_MATCH_1})
      list(APPEND packages --features ${package}/${CMAKE_MATCH_2})
    endif()
    list(APPEND packages -p ${package})
    if(package STREQUAL "limbeck-cli")
      set(program COMMAND ${CMAKE_COMMAND} -E copy_if_different ${target_directory}/release/limbeck ${LIMBECK_PROGRAM})
    endif()
  endforeach()
  separate_arguments(flags NATIVE_COMMAND "${LIMBECK_CARGO_FLAGS}")
  if(LIMBECK_GPU)
    list(APPEND flags --features gpu)
  endif()
  set(built ${target_directory}/release)
  set(lib ${LIMBECK_LIBRARY_DIR})
  add_custom_target(${name} ALL
    COMMAND ${CMAKE_COMMAND} -E env --unset=CARGO_BUILD_TARGET ${environment}
      ${CARGO_EXECUTABLE} build --release --locked --target-dir ${target_directory} ${packages} ${flags}
    COMMAND ${CMAKE_COMMAND} -E copy_if_different ${built}/${library}.a ${lib}/${library}.a
    COMMAND ${CMAKE_COMMAND} -E copy_if_different ${built}/${library}.so ${lib}/${library}.so.${PROJECT_VERSION}
    COMMAND ${CMAKE_COMMAND} -E create_symlink ${library}.so.${PROJECT_VERSION} ${lib}/${library}.so.${LIMBECK_SOVERSION}
    COMMAND ${CMAKE_COMMAND} -E create_symlink ${library}.so.${LIMBECK_SOVERSION} ${lib}/${library}.so
    ${program}
    BYPRODUCTS ${lib}/${library}.a ${lib}/${library}.so.${PROJECT_VERSION} ${lib}/${library}.so.${LIMBECK_SOVERSION}
      ${lib}/${library}.so
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    COMMENT "cargo build: ${ARGN}" USES_TERMINAL VERBATIM)
endfunction()

set(program "")
if(LIMBECK_CLI)
  set(program limbeck-cli)
endif()
if(LIMBECK_MPI_FOUND)
  limbeck_mpi_library(LIMBECK_MPI_LIBRARY ${MPI_C_LIBRARIES})
  # A directory for each MPI, as cargo does not see that another one is meant: named as Debian names the compiler
  # wrapper (openmpi, mpich), which is what ci/mpi does, or by its path.
  set(wrapper ${MPI_C_COMPILER})
  while(IS_SYMLINK ${wrapper} AND NOT wrapper MATCHES "/mpicc\\.[a-z]+$")
    get_filename_component(directory ${wrapper} DIRECTORY)
    file(READ_SYMLINK ${wrapper} wrapper)
    get_filename_component(wrapper ${wrapper} ABSOLUTE BASE_DIR ${directory})
  endwhile()
  if(wrapper MATCHES "/mpicc\\.([a-z]+)$")
    set(family ${CMAKE_MATCH_1})
  else()
    string(SHA1 family "${MPI_C_COMPILER}")
    string(SUBSTRING "mpi-${family}" 0 12 family)
  endif()
  set(LIMBECK_MPI_CARGO_TARGET_DIR "${LIMBECK_CARGO_TARGET_DIR}/${family}"
    CACHE PATH "Where cargo builds for MPI; one directory for each MPI")
  file(STRINGS rust/cli/Cargo.toml mpi REGEX "^mpi = ")
  if(program AND mpi)
    set(program "limbeck-cli[mpi]")
  endif()
  limbeck_cargo(limbeck_cargo "${LIMBECK_CARGO_TARGET_DIR}" "" liblimbeck limbeck)
  # An MPI in a place of its own is found there by the library and the program, whatever the environment.
  set(directories "")
  foreach(library IN LISTS MPI_C_LIBRARIES)
    get_filename_component(directory ${library} REALPATH)
    get_filename_component(directory ${directory} DIRECTORY)
    if(IS_DIRECTORY "${directory}" AND NOT directory IN_LIST CMAKE_C_IMPLICIT_LINK_DIRECTORIES)
      list(APPEND directories ${directory})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES directories)
  list(JOIN directories ":" directories)
  set(LIMBECK_MPI_RUN_PATH "${directories}" CACHE STRING "Where liblimbeck_mpi and the program look for MPI first")
  limbeck_cargo(limbeck_mpi_cargo "${LIMBECK_MPI_CARGO_TARGET_DIR}"
    "MPICC=${MPI_C_COMPILER};LIMBECK_MPI_RUN_PATH=${LIMBECK_MPI_RUN_PATH}"
    liblimbeck_mpi limbeck-mpi ${program})
  add_dependencies(limbeck_mpi_cargo limbeck_cargo) # one cargo at a time: each takes all cores
else()
  limbeck_cargo(limbeck_cargo "${LIMBECK_CARGO_TARGET_DIR}" "" liblimbeck limbeck ${program})
endif()

# The program writes its own manual, so it must run here.
if(LIMBECK_CLI AND LIMBECK_MANUAL AND NOT CMAKE_CROSSCOMPILING)
  set(LIMBECK_SHARE_DIR ${CMAKE_CURRENT_BINARY_DIR}/share)
  add_custom_target(limbeck_manual ALL
    COMMAND ${LIMBECK_PROGRAM} man --out ${LIMBECK_SHARE_DIR}/man/man1
    COMMAND ${LIMBECK_PROGRAM} completions --out ${LIMBECK_SHARE_DIR}
    COMMENT "manual pages and completions" VERBATIM)
  if(LIMBECK_MPI_FOUND)
    add_dependencies(limbeck_manual limbeck_mpi_cargo)
  else()
    add_dependencies(limbeck_manual limbeck_cargo)
  endif()
endif()

set(LIMBECK_INCLUDE_DIR ${CMAKE_CURRENT_SOURCE_DIR}/include)
set(limbeck_target_scope GLOBAL)
include(limbeckTargets)
foreach(target limbeck static)
  add_dependencies(limbeck::${target} limbeck_cargo)
endforeach()
if(LIMBECK_MPI_FOUND)
  foreach(target mpi mpi_static)
    add_dependencies(limbeck::${target} limbeck_mpi_cargo)
  endforeach()
endif()

message(STATUS "limbeck ${PROJECT_VERSION}: Rust ${present}, cargo builds in ${LIMBECK_CARGO_TARGET_DIR}")
if(LIMBECK_MPI_FOUND)
  message(STATUS "limbeck: MPI ${LIMBECK_MPI_LIBRARY} (${MPI_C_COMPILER})")
else()
  message(STATUS "limbeck: without MPI (LIMBECK_MPI=${LIMBECK_MPI})")
endif()
