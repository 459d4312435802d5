!> A program that writes a run, with LIMBECK_MODE=off or built with the stub: every call succeeds, sets its outputs and
!> does nothing, whatever it is given.
program no_library
   use, intrinsic :: iso_fortran_env, only: int64, real32, real64
   use, intrinsic :: ieee_arithmetic, only: ieee_quiet_nan, ieee_value
   use limbeck
   implicit none

   type(limbeck_config) :: config
   type(limbeck_session) :: s
   type(limbeck_variable) :: v
   type(limbeck_block) :: b
   type(limbeck_archive) :: a
   character(:), allocatable :: text
   real(real64) :: u(0:5, 0:5, 0:5)
   integer(int64) :: cycle
   integer :: calls = 0, failed = 0, ierr
   logical :: there

   u = ieee_value(1.0_real64, ieee_quiet_nan)
   call lbk_config_create(config, ierr); call ok('create')
   call lbk_config_set(config, 'no.such.option', 1, ierr); call ok('set integer')
   call lbk_config_set(config, 'no.such.option', 1_int64, ierr); call ok('set int64')
   call lbk_config_set(config, 'no.such.option', 1.0, ierr); call ok('set real')
   call lbk_config_set(config, 'no.such.option', 1.0_real64, ierr); call ok('set real64')
   call lbk_config_set(config, 'no.such.option', .true., ierr); call ok('set logical')
   call lbk_config_set(config, 'no.such.option', '1', ierr); call ok('set text')
   call lbk_config_load(config, 'no such file.toml', ierr); call ok('load')
   call lbk_config_get(config, 'target.ratio', text, ierr); call ok('get')
   call lbk_session_open(config, 'no/such/directory/off.lbk', 0, s, ierr); call ok('open')
   call lbk_variable_define(s, ' ', 17, [4, 4, 4], v, ierr); call ok('define')
   call lbk_variable_define(s, 'u', LBK_FLOAT64, [4_int64, 4_int64, 4_int64], v, ierr); call ok('define int64')
   call lbk_session_set_attribute(s, '', 'b', ierr); call ok('session attribute')
   call lbk_variable_set_attribute(v, '', 'b', ierr); call ok('variable attribute')
   call lbk_session_set_axis(s, 1, 'x', 'm', 0.0_real64, 0.0_real64, ierr); call ok('session axis')
   call lbk_variable_set_axis(v, 1, 'x', 'm', 0.0_real64, 0.0_real64, ierr); call ok('variable axis')
   call lbk_session_set_axis_coordinates(s, 1, 'x', 'm', [0.0_real64], ierr); call ok('session coordinates')
   call lbk_variable_set_axis_coordinates(v, 1, 'x', 'm', [0.0_real64], ierr); call ok('variable coordinates')
   call lbk_variable_add_block(v, [9, 9, 9], [4, 4, 4], b, ierr); call ok('block')
   call lbk_variable_add_block(v, [9_int64, 9_int64, 9_int64], [4_int64, 4_int64, 4_int64], b, ierr); call ok('block int64')
   call lbk_session_commit(s, ierr); call ok('commit')
   call lbk_step_begin(s, 1, 0.0_real64, ierr); call ok('begin')
   call lbk_put(s, b, u(1:4, 1:4, 1:4), ierr); call ok('put 3')
   call lbk_put(s, b, u(1:4, 1:4, 1), ierr); call ok('put 2')
   call lbk_put(s, b, real(u(1:4, 1, 1), real32), ierr); call ok('put 1')
   call lbk_step_end(s, ierr); call ok('end')
   call lbk_step_begin(s, 1_int64, 0.0_real64, ierr); call ok('begin int64')
   call lbk_step_cancel(s, ierr); call ok('cancel')
   call lbk_session_wait(s, 1, -1.0_real64, ierr); call ok('wait')
   call lbk_session_wait(s, 1_int64, -1.0_real64, ierr); call ok('wait int64')
   call lbk_session_durable(s, cycle, ierr); call ok('durable')
   if (cycle < 1) call note('not durable')
   call lbk_session_metrics(s, text, ierr); call ok('metrics')
   call lbk_session_close(s, ierr); call ok('close')
   call lbk_distil('no.lbk.d', 'no.lbk', config, ierr); call ok('distil')
   call lbk_config_free(config, ierr); call ok('free')

   ! Reading is not writing: there is nothing to read.
   call lbk_archive_open('no.lbk', a, ierr)
   if (ierr <= LBK_OK) call note('an archive was opened')
   if (len(lbk_last_error()) == 0) call note('no message')
   call lbk_archive_read(a, 'u', 0, u, ierr=ierr)
   if (ierr <= LBK_OK) call note('an archive was read')
   call lbk_archive_close(a, ierr); call ok('close no archive')
   inquire (file='no.lbk', exist=there)
   if (there) call note('an archive was written')
   print '(i0, a)', calls, ' calls'
   if (failed > 0) error stop 1

contains

   subroutine ok(what)
      character(*), intent(in) :: what

      calls = calls + 1
      if (ierr /= LBK_OK) call note(what//': '//lbk_status_name(ierr)//': '//lbk_last_error())
   end subroutine

   subroutine note(what)
      character(*), intent(in) :: what

      failed = failed + 1
      print '(a)', what
   end subroutine
end program no_library
