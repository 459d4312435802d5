!> The C interface of limbeck that reads archives, for these bindings only: programs use the module limbeck.
module limbeck_c_archive
   use, intrinsic :: iso_c_binding, only: c_char, c_double, c_int32_t, c_int64_t, c_ptr, c_size_t
   implicit none
   public

   interface
      function c_lbk_archive_open(path, archive) bind(c, name='lbk_archive_open') result(status)
         import :: c_char, c_int32_t, c_ptr
         character(kind=c_char), intent(in) :: path(*)
         type(c_ptr), intent(inout) :: archive
         integer(c_int32_t) :: status
      end function

      function c_lbk_archive_close(archive) bind(c, name='lbk_archive_close') result(status)
         import :: c_int32_t, c_ptr
         type(c_ptr), intent(inout) :: archive
         integer(c_int32_t) :: status
      end function

      function c_lbk_archive_info(archive, buffer, size, needed) bind(c, name='lbk_archive_info') result(status)
         import :: c_int32_t, c_ptr, c_size_t
         type(c_ptr), value :: archive, buffer
         integer(c_size_t), value :: size
         integer(c_size_t), intent(inout) :: needed
         integer(c_int32_t) :: status
      end function

      function c_lbk_archive_variables(archive, count) bind(c, name='lbk_archive_variables') result(status)
         import :: c_int32_t, c_int64_t, c_ptr
         type(c_ptr), value :: archive
         integer(c_int64_t), intent(inout) :: count
         integer(c_int32_t) :: status
      end function

      function c_lbk_archive_variable_name(archive, index, buffer, size, needed) &
         bind(c, name='lbk_archive_variable_name') result(status)
         import :: c_int32_t, c_int64_t, c_ptr, c_size_t
         type(c_ptr), value :: archive, buffer
         integer(c_int64_t), value :: index
         integer(c_size_t), value :: size
         integer(c_size_t), intent(inout) :: needed
         integer(c_int32_t) :: status
      end function

      function c_lbk_archive_shape(archive, variable, capacity, shape, rank, type) bind(c, name='lbk_archive_shape') &
         result(status)
         import :: c_char, c_int32_t, c_int64_t, c_ptr
         type(c_ptr), value :: archive
         character(kind=c_char), intent(in) :: variable(*)
         integer(c_int32_t), value :: capacity
         integer(c_int64_t), intent(inout) :: shape(*)
         integer(c_int32_t), intent(inout) :: rank, type
         integer(c_int32_t) :: status
      end function

      function c_lbk_archive_steps(archive, capacity, cycles, times, count) bind(c, name='lbk_archive_steps') result(status)
         import :: c_double, c_int32_t, c_int64_t, c_ptr
         type(c_ptr), value :: archive
         integer(c_int64_t), value :: capacity
         integer(c_int64_t), intent(inout) :: cycles(*)
         real(c_double), intent(inout) :: times(*)
         integer(c_int64_t), intent(inout) :: count
         integer(c_int32_t) :: status
      end function

      function c_lbk_archive_attributes(archive, variable, count) bind(c, name='lbk_archive_attributes') result(status)
         import :: c_int32_t, c_int64_t, c_ptr
         type(c_ptr), value :: archive, variable
         integer(c_int64_t), intent(inout) :: count
         integer(c_int32_t) :: status
      end function

      function c_lbk_archive_attribute_name(archive, variable, index, buffer, size, needed) &
         bind(c, name='lbk_archive_attribute_name') result(status)
         import :: c_int32_t, c_int64_t, c_ptr, c_size_t
         type(c_ptr), value :: archive, variable, buffer
         integer(c_int64_t), value :: index
         integer(c_size_t), value :: size
         integer(c_size_t), intent(inout) :: needed
         integer(c_int32_t) :: status
      end function

      function c_lbk_archive_attribute(archive, variable, name, buffer, size, needed) &
         bind(c, name='lbk_archive_attribute') result(status)
         import :: c_char, c_int32_t, c_ptr, c_size_t
         type(c_ptr), value :: archive, variable, buffer
         character(kind=c_char), intent(in) :: name(*)
         integer(c_size_t), value :: size
         integer(c_size_t), intent(inout) :: needed
         integer(c_int32_t) :: status
      end function

      function c_lbk_archive_axis(archive, variable, axis, capacity, coordinates, length) &
         bind(c, name='lbk_archive_axis') result(status)
         import :: c_char, c_double, c_int32_t, c_int64_t, c_ptr
         type(c_ptr), value :: archive
         character(kind=c_char), intent(in) :: variable(*)
         integer(c_int32_t), value :: axis
         integer(c_int64_t), value :: capacity
         real(c_double), intent(inout) :: coordinates(*)
         integer(c_int64_t), intent(inout) :: length
         integer(c_int32_t) :: status
      end function

      function c_lbk_archive_axis_name(archive, variable, axis, buffer, size, needed) &
         bind(c, name='lbk_archive_axis_name') result(status)
         import :: c_char, c_int32_t, c_ptr, c_size_t
         type(c_ptr), value :: archive, buffer
         character(kind=c_char), intent(in) :: variable(*)
         integer(c_int32_t), value :: axis
         integer(c_size_t), value :: size
         integer(c_size_t), intent(inout) :: needed
         integer(c_int32_t) :: status
      end function

      function c_lbk_archive_axis_units(archive, variable, axis, buffer, size, needed) &
         bind(c, name='lbk_archive_axis_units') result(status)
         import :: c_char, c_int32_t, c_ptr, c_size_t
         type(c_ptr), value :: archive, buffer
         character(kind=c_char), intent(in) :: variable(*)
         integer(c_int32_t), value :: axis
         integer(c_size_t), value :: size
         integer(c_size_t), intent(inout) :: needed
         integer(c_int32_t) :: status
      end function

      function c_lbk_archive_read_strided(archive, variable, step, start, count, every, type, rank, strides, out) &
         bind(c, name='lbk_archive_read_strided') result(status)
         import :: c_char, c_int32_t, c_int64_t, c_ptr
         type(c_ptr), value :: archive
         character(kind=c_char), intent(in) :: variable(*)
         integer(c_int64_t), value :: step
         integer(c_int64_t), intent(in) :: start(*), count(*), every(*)
         integer(c_int32_t), value :: type, rank
         integer(c_int64_t), intent(in) :: strides(*)
         type(c_ptr), value :: out
         integer(c_int32_t) :: status
      end function

      function c_lbk_archive_sample(archive, variable, n, points, coordinates, type, out) &
         bind(c, name='lbk_archive_sample') result(status)
         import :: c_char, c_double, c_int32_t, c_int64_t, c_ptr
         type(c_ptr), value :: archive
         character(kind=c_char), intent(in) :: variable(*)
         integer(c_int64_t), value :: n
         real(c_double), intent(in) :: points(*)
         integer(c_int32_t), value :: coordinates, type
         type(c_ptr), value :: out
         integer(c_int32_t) :: status
      end function
   end interface
end module limbeck_c_archive
