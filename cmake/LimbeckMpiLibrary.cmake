# limbeck_mpi_library(OUT LIBRARY...): which MPI these libraries are, as the name that the loader looks for, say
# "libmpi.so.40" (Open MPI 3 to 5) or "libmpich.so.12"; empty where that cannot be told. Two libraries of one name have
# one binary interface, and a program may have one of them only. Installed with limbeck's package file.
function(limbeck_mpi_library out)
  set(${out} "" PARENT_SCOPE)
  foreach(library IN LISTS ARGN)
    if(EXISTS "${library}")
      get_filename_component(file "${library}" REALPATH)
      if(NOT file MATCHES "/libmpi(ch)?(_|cxx|f77|f90|fort)[^/]*$" AND file MATCHES "/(libmpi[a-z]*\\.so\\.[0-9]+)[^/]*$")
        set(${out} "${CMAKE_MATCH_1}" PARENT_SCOPE)
        return()
      endif()
    endif()
  endforeach()
endfunction()
