!> The C interface of limbeck as it stands in limbeck.h, for these bindings only: programs use the module limbeck.
module limbeck_c
   use, intrinsic :: iso_c_binding, only: c_char, c_double, c_funptr, c_int32_t, c_int64_t, c_ptr, c_size_t
   implicit none
   public

   interface
      function c_lbk_status_name(status) bind(c, name='lbk_status_name') result(name)
         import :: c_int32_t, c_ptr
         integer(c_int32_t), value :: status
         type(c_ptr) :: name
      end function

      function c_lbk_version() bind(c, name='lbk_version') result(name)
         import :: c_ptr
         type(c_ptr) :: name
      end function

      function c_lbk_abi_version() bind(c, name='lbk_abi_version') result(version)
         import :: c_int32_t
         integer(c_int32_t) :: version
      end function

      function c_lbk_set_log_callback(callback, level, user) bind(c, name='lbk_set_log_callback') result(status)
         import :: c_funptr, c_int32_t, c_ptr
         type(c_funptr), value :: callback
         integer(c_int32_t), value :: level
         type(c_ptr), value :: user
         integer(c_int32_t) :: status
      end function

      ! Options.

      function c_lbk_config_create(config) bind(c, name='lbk_config_create') result(status)
         import :: c_int32_t, c_ptr
         type(c_ptr), intent(inout) :: config
         integer(c_int32_t) :: status
      end function

      function c_lbk_config_set(config, name, value) bind(c, name='lbk_config_set') result(status)
         import :: c_char, c_int32_t, c_ptr
         type(c_ptr), value :: config
         character(kind=c_char), intent(in) :: name(*), value(*)
         integer(c_int32_t) :: status
      end function

      function c_lbk_config_load(config, path) bind(c, name='lbk_config_load') result(status)
         import :: c_char, c_int32_t, c_ptr
         type(c_ptr), value :: config
         character(kind=c_char), intent(in) :: path(*)
         integer(c_int32_t) :: status
      end function

      function c_lbk_config_get(config, name, buffer, size, needed) bind(c, name='lbk_config_get') result(status)
         import :: c_char, c_int32_t, c_ptr, c_size_t
         type(c_ptr), value :: config
         character(kind=c_char), intent(in) :: name(*)
         type(c_ptr), value :: buffer
         integer(c_size_t), value :: size
         integer(c_size_t), intent(inout) :: needed
         integer(c_int32_t) :: status
      end function

      function c_lbk_config_free(config) bind(c, name='lbk_config_free') result(status)
         import :: c_int32_t, c_ptr
         type(c_ptr), value :: config
         integer(c_int32_t) :: status
      end function

      function c_lbk_options(buffer, size, needed) bind(c, name='lbk_options') result(status)
         import :: c_int32_t, c_ptr, c_size_t
         type(c_ptr), value :: buffer
         integer(c_size_t), value :: size
         integer(c_size_t), intent(inout) :: needed
         integer(c_int32_t) :: status
      end function

      ! The run.

      function c_lbk_session_open(config, path, communicator, session) bind(c, name='lbk_session_open') result(status)
         import :: c_char, c_int32_t, c_ptr
         type(c_ptr), value :: config
         character(kind=c_char), intent(in) :: path(*)
         integer(c_int32_t), value :: communicator
         type(c_ptr), intent(inout) :: session
         integer(c_int32_t) :: status
      end function

      function c_lbk_session_set_attribute(session, name, value) bind(c, name='lbk_session_set_attribute') result(status)
         import :: c_char, c_int32_t, c_ptr
         type(c_ptr), value :: session
         character(kind=c_char), intent(in) :: name(*), value(*)
         integer(c_int32_t) :: status
      end function

      function c_lbk_session_commit(session) bind(c, name='lbk_session_commit') result(status)
         import :: c_int32_t, c_ptr
         type(c_ptr), value :: session
         integer(c_int32_t) :: status
      end function

      function c_lbk_session_metrics(session, buffer, size, needed) bind(c, name='lbk_session_metrics') result(status)
         import :: c_int32_t, c_ptr, c_size_t
         type(c_ptr), value :: session, buffer
         integer(c_size_t), value :: size
         integer(c_size_t), intent(inout) :: needed
         integer(c_int32_t) :: status
      end function

      function c_lbk_session_durable(session, cycle) bind(c, name='lbk_session_durable') result(status)
         import :: c_int32_t, c_int64_t, c_ptr
         type(c_ptr), value :: session
         integer(c_int64_t), intent(inout) :: cycle
         integer(c_int32_t) :: status
      end function

      function c_lbk_session_wait(session, cycle, timeout) bind(c, name='lbk_session_wait') result(status)
         import :: c_double, c_int32_t, c_int64_t, c_ptr
         type(c_ptr), value :: session
         integer(c_int64_t), value :: cycle
         real(c_double), value :: timeout
         integer(c_int32_t) :: status
      end function

      function c_lbk_session_close(session) bind(c, name='lbk_session_close') result(status)
         import :: c_int32_t, c_ptr
         type(c_ptr), intent(inout) :: session
         integer(c_int32_t) :: status
      end function

      function c_lbk_distil(run, archive, config) bind(c, name='lbk_distil') result(status)
         import :: c_char, c_int32_t, c_ptr
         character(kind=c_char), intent(in) :: run(*), archive(*)
         type(c_ptr), value :: config
         integer(c_int32_t) :: status
      end function

      ! Variables and blocks.

      function c_lbk_variable_define(session, name, type, rank, shape, variable) bind(c, name='lbk_variable_define') &
         result(status)
         import :: c_char, c_int32_t, c_int64_t, c_ptr
         type(c_ptr), value :: session
         character(kind=c_char), intent(in) :: name(*)
         integer(c_int32_t), value :: type, rank
         integer(c_int64_t), intent(in) :: shape(*)
         type(c_ptr), intent(inout) :: variable
         integer(c_int32_t) :: status
      end function

      function c_lbk_variable_set_attribute(variable, name, value) bind(c, name='lbk_variable_set_attribute') result(status)
         import :: c_char, c_int32_t, c_ptr
         type(c_ptr), value :: variable
         character(kind=c_char), intent(in) :: name(*), value(*)
         integer(c_int32_t) :: status
      end function

      function c_lbk_variable_add_block(variable, offset, count, strides, block) bind(c, name='lbk_variable_add_block') &
         result(status)
         import :: c_int32_t, c_int64_t, c_ptr
         type(c_ptr), value :: variable
         integer(c_int64_t), intent(in) :: offset(*), count(*)
         type(c_ptr), value :: strides
         type(c_ptr), intent(inout) :: block
         integer(c_int32_t) :: status
      end function

      function c_lbk_variable_set_axis(variable, axis, name, units, origin, spacing) bind(c, name='lbk_variable_set_axis') &
         result(status)
         import :: c_char, c_double, c_int32_t, c_ptr
         type(c_ptr), value :: variable
         integer(c_int32_t), value :: axis
         character(kind=c_char), intent(in) :: name(*), units(*)
         real(c_double), value :: origin, spacing
         integer(c_int32_t) :: status
      end function

      function c_lbk_variable_set_axis_coordinates(variable, axis, name, units, length, coordinates) &
         bind(c, name='lbk_variable_set_axis_coordinates') result(status)
         import :: c_char, c_double, c_int32_t, c_int64_t, c_ptr
         type(c_ptr), value :: variable
         integer(c_int32_t), value :: axis
         character(kind=c_char), intent(in) :: name(*), units(*)
         integer(c_int64_t), value :: length
         real(c_double), intent(in) :: coordinates(*)
         integer(c_int32_t) :: status
      end function

      ! Steps.

      function c_lbk_step_begin(session, cycle, time) bind(c, name='lbk_step_begin') result(status)
         import :: c_double, c_int32_t, c_int64_t, c_ptr
         type(c_ptr), value :: session
         integer(c_int64_t), value :: cycle
         real(c_double), value :: time
         integer(c_int32_t) :: status
      end function

      function c_lbk_put_strided(session, block, type, rank, count, strides, data) bind(c, name='lbk_put_strided') &
         result(status)
         import :: c_int32_t, c_int64_t, c_ptr
         type(c_ptr), value :: session, block
         integer(c_int32_t), value :: type, rank
         integer(c_int64_t), intent(in) :: count(*), strides(*)
         type(c_ptr), value :: data
         integer(c_int32_t) :: status
      end function

      function c_lbk_step_end(session) bind(c, name='lbk_step_end') result(status)
         import :: c_int32_t, c_ptr
         type(c_ptr), value :: session
         integer(c_int32_t) :: status
      end function

      function c_lbk_step_cancel(session) bind(c, name='lbk_step_cancel') result(status)
         import :: c_int32_t, c_ptr
         type(c_ptr), value :: session
         integer(c_int32_t) :: status
      end function
   end interface
end module limbeck_c
