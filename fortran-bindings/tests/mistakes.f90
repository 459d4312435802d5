!> What is refused, with which message; and calls without ierr, whose errors come out at the end.
module log_lines
   use limbeck
   implicit none
   integer :: lines = 0
   logical :: odd = .false.

contains

   subroutine count_line(level, message)
      integer, intent(in) :: level
      character(*), intent(in) :: message

      !$omp atomic
      lines = lines + 1
      if (len(message) == 0 .or. level < LBK_LOG_ERROR .or. level > LBK_LOG_DEBUG) odd = .true.
   end subroutine
end module log_lines

program mistakes
   use, intrinsic :: iso_fortran_env, only: int64, real32, real64
   use, intrinsic :: ieee_arithmetic, only: ieee_quiet_nan, ieee_value
   use checks
   use log_lines
   implicit none

   call versions
   call not_opened
   call definitions
   call arrays
   call log
   call unasked
   call unasked_options
   call unasked_archive
   call finish

contains

   subroutine versions
      call check(lbk_version() == LBK_HEADER_VERSION, 'version '//lbk_version())
      call check(lbk_abi_version() == LBK_HEADER_ABI_VERSION, 'ABI version')
      call check(lbk_status_name(LBK_QUEUE_FULL) == 'LBK_QUEUE_FULL', 'status name')
      call check(lbk_status_name(LBK_DEGRADED) == 'LBK_DEGRADED', 'status name')
      call check(lbk_status_name(77) == 'LBK_UNKNOWN', 'unknown status')
      call check(lbk_last_error() == '', 'no error yet')
   end subroutine

   subroutine not_opened
      type(limbeck_config) :: config
      type(limbeck_session) :: s
      type(limbeck_variable) :: v
      type(limbeck_block) :: b
      type(limbeck_archive) :: a
      character(:), allocatable :: text
      real(real64) :: values(2, 2)
      integer(int64) :: cycle
      integer :: ierr

      call lbk_config_set(config, 'target.ratio', '10', ierr)
      call expect(LBK_INVALID_HANDLE, ierr, 'set without create')
      call message('NULL')
      call lbk_session_open(config, 'none.lbk', LBK_NO_COMM, s, ierr)
      call expect(LBK_INVALID_HANDLE, ierr, 'open without config')
      call lbk_variable_define(s, 'u', LBK_FLOAT64, [2, 2], v, ierr)
      call expect(LBK_INVALID_HANDLE, ierr, 'define')
      call lbk_variable_add_block(v, [0, 0], [2, 2], b, ierr)
      call expect(LBK_INVALID_HANDLE, ierr, 'add_block')
      call lbk_variable_set_axis(v, 1, 'x', 'm', 0.0_real64, 1.0_real64, ierr)
      call expect(LBK_INVALID_HANDLE, ierr, 'set_axis')
      call lbk_step_begin(s, 1, 0.0_real64, ierr)
      call expect(LBK_INVALID_HANDLE, ierr, 'begin')
      call lbk_put(s, b, values, ierr)
      call expect(LBK_INVALID_HANDLE, ierr, 'put')
      call lbk_session_durable(s, cycle, ierr)
      call expect(LBK_INVALID_HANDLE, ierr, 'durable')
      call check(cycle == LBK_NO_CYCLE, 'no cycle')
      call lbk_session_metrics(s, text, ierr)
      call expect(LBK_INVALID_HANDLE, ierr, 'metrics')
      call check(text == '', 'no metrics')
      call lbk_archive_read(a, 'u', 0, values, ierr=ierr)
      call expect(LBK_INVALID_HANDLE, ierr, 'read')
      call lbk_archive_open('none.lbk', a, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'open nothing')
      call lbk_session_close(s, ierr)
      call expect(LBK_OK, ierr, 'close nothing')
      call lbk_archive_close(a, ierr)
      call expect(LBK_OK, ierr, 'close no archive')
      call lbk_config_free(config, ierr)
      call expect(LBK_OK, ierr, 'free nothing')
   end subroutine

   subroutine definitions
      type(limbeck_config) :: config
      type(limbeck_session) :: s
      type(limbeck_variable) :: v, w
      type(limbeck_block) :: b
      character(:), allocatable :: text
      integer :: ierr

      call lbk_config_create(config)
      call lbk_config_set(config, 'target.ration', '10', ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'misspelt option')
      call message('target.ratio')
      call lbk_config_set(config, 'target.ratio', -3, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'negative ratio')
      call lbk_config_get(config, 'target.ration', text, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'get misspelt')
      call lbk_config_load(config, 'none.toml', ierr)
      call expect(LBK_IO, ierr, 'load nothing')
      call lbk_options(text, ierr)
      call expect(LBK_OK, ierr, 'options')
      call check(index(text, 'target.ratio'//achar(9)) > 0, 'list of options')
      call lbk_session_open(config, 'no/such/place/run.lbk', 0, s, ierr)
      call check(ierr > LBK_OK, 'open nowhere')
      call lbk_config_free(config)

      call open_exact('definitions.lbk', s)
      call lbk_variable_define(s, ' ', LBK_FLOAT64, [4, 3], v, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'blank name')
      call lbk_variable_define(s, 'u', 3, [4, 3], v, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'type 3')
      call lbk_variable_define(s, 'u', LBK_FLOAT64, [4, 3, 2, 1], v, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'rank 4')
      call lbk_variable_define(s, 'u', LBK_FLOAT64, [4, -3], v, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'negative extent')
      call lbk_session_set_axis(s, 1, 'x', 'm', 0.0_real64, 1.0_real64, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'axis without variable')
      call message('dimension 1')
      call lbk_variable_define(s, 'u', LBK_FLOAT64, [4, 3], v, ierr)
      call expect(LBK_OK, ierr, 'u')
      call lbk_variable_define(s, 'u', LBK_FLOAT64, [4, 3], w, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'u again')
      call lbk_variable_set_axis(v, 3, 'z', 'm', 0.0_real64, 1.0_real64, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'axis 3')
      call message('dim is 3, the variable has rank 2')
      call lbk_session_set_axis(s, 3, 'z', 'm', 0.0_real64, 1.0_real64, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'axis 3 of all')
      call lbk_session_set_axis(s, 2, 'y', 'm', 0.0_real64, 0.0_real64, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'spacing 0')
      call lbk_session_set_axis_coordinates(s, 1, 'x', 'm', [0.0_real64, 1.0_real64], ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'too few coordinates')
      call lbk_variable_set_axis_coordinates(v, 1, 'x', 'm', [0.0_real64, 1.0_real64, 3.0_real64, 4.0_real64], ierr)
      call expect(LBK_OK, ierr, 'coordinates')
      call lbk_variable_set_attribute(v, '', 'K', ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'blank attribute')
      call lbk_variable_add_block(v, [0, 0, 0], [4, 3, 1], b, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'block of rank 3')
      call message('rank 2; offset has size 3, count 3')
      call lbk_variable_add_block(v, [1, 0], [4, 3], b, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'block beyond')
      call lbk_variable_add_block(v, [0, 0], [3, 4], b, ierr) ! the order of the dimensions is Fortran's
      call expect(LBK_INVALID_ARGUMENT, ierr, 'block turned')
      call lbk_variable_add_block(v, [0, 0], [4, 3], b, ierr)
      call expect(LBK_OK, ierr, 'block')
      call lbk_step_begin(s, 0, 0.0_real64, ierr)
      call expect(LBK_INVALID_STATE, ierr, 'step before commit')
      call lbk_session_commit(s, ierr)
      call expect(LBK_OK, ierr, 'commit')
      call lbk_session_commit(s, ierr)
      call expect(LBK_INVALID_STATE, ierr, 'commit twice')
      call lbk_session_close(s, ierr)
      call expect(LBK_OK, ierr, 'close')
   end subroutine

   subroutine arrays
      type(limbeck_session) :: s, other
      type(limbeck_variable) :: v
      type(limbeck_block) :: b
      real(real64) :: u(4, 3), nan(4, 3)
      integer :: ierr

      u = 1
      nan = u
      nan(2, 3) = ieee_value(1.0_real64, ieee_quiet_nan)
      call open_exact('arrays.lbk', s)
      call open_exact('others.lbk', other)
      call lbk_variable_define(s, 'u', LBK_FLOAT64, [4, 3], v)
      call lbk_variable_add_block(v, [0, 0], [4, 3], b)
      call lbk_session_commit(s)
      call lbk_put(s, b, u, ierr)
      call expect(LBK_INVALID_STATE, ierr, 'put without a step')
      call lbk_step_begin(s, 5, 0.5_real64)
      call lbk_put(other, b, u, ierr)
      call expect(LBK_INVALID_HANDLE, ierr, 'put into another session')
      call lbk_put(s, b, real(u, real32), ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'put of real32')
      call message('Float32')
      call lbk_put(s, b, nint(u), ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'put of integers')
      call message('neither of real(real32) nor of real(real64)')
      call lbk_put(s, b, u(1, 1), ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'put of a scalar')
      call message('scalar')
      call lbk_put(s, b, u(:, 1), ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'put of rank 1')
      call message('1 axes, the block 2')
      call lbk_put(s, b, reshape(u, [4, 3, 1, 1]), ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'put of rank 4')
      call lbk_put(s, b, u(1:3, :), ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'put of a part')
      call message('3 values along its fastest axis, the block 4')
      call lbk_put(s, b, u(:, 1:0), ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'put of nothing')
      call message('0 values along its slowest axis, the block 3')
      call through_size(s, b, u)
      call lbk_put(s, b, nan, ierr)
      call expect(LBK_NOT_FINITE, ierr, 'put of NaN')
      call lbk_step_end(s, ierr)
      call expect(LBK_INVALID_STATE, ierr, 'end without a put')
      call lbk_put(s, b, u, ierr)
      call expect(LBK_OK, ierr, 'put')
      call lbk_put(s, b, u, ierr)
      call expect(LBK_INVALID_STATE, ierr, 'put twice')
      call lbk_step_end(s, ierr)
      call expect(LBK_OK, ierr, 'end')
      call lbk_step_begin(s, 5, 1.0_real64, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'the same cycle')
      call lbk_session_close(s, ierr)
      call expect(LBK_OK, ierr, 'close')
      call lbk_put(s, b, u, ierr)
      call expect(LBK_INVALID_HANDLE, ierr, 'put after close')
      call lbk_session_close(other, ierr)
      call expect(LBK_OK, ierr, 'close the other')
   end subroutine

   subroutine through_size(s, b, f)
      type(limbeck_session), intent(in) :: s
      type(limbeck_block), intent(in) :: b
      real(real64), intent(in) :: f(4, *)
      integer :: ierr

      call lbk_put(s, b, f, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'assumed size')
      call message('assumed-size')
   end subroutine

   subroutine log
      type(limbeck_session) :: s
      integer :: ierr, before

      call lbk_set_log_callback(count_line, LBK_LOG_DEBUG, ierr)
      call expect(LBK_OK, ierr, 'log')
      call open_exact('log.lbk', s)
      call lbk_session_close(s)
      call check(lines > 0 .and. .not. odd, 'lines of the log')
      call lbk_set_log_callback(ierr=ierr)
      call expect(LBK_OK, ierr, 'no log')
      before = lines
      call open_exact('log.lbk', s)
      call lbk_session_close(s)
      call check(lines == before, 'no lines any more')
      call lbk_set_log_callback(count_line, 99, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'level 99')
   end subroutine

   !> Without ierr the first error of each session comes out at its own close.
   subroutine unasked
      type(limbeck_session) :: s, other, unopened
      type(limbeck_variable) :: v
      type(limbeck_block) :: b
      real(real64) :: u(4, 3)
      integer :: ierr

      u = 1
      call open_exact('unasked.lbk', s)
      call open_exact('unasked_other.lbk', other)
      call lbk_variable_define(s, 'u', LBK_FLOAT64, [4, 3], v)
      call lbk_variable_add_block(v, [0, 0], [4, 3], b)
      call lbk_session_commit(s)
      call lbk_session_commit(other)             ! has no variables: kept for other
      call lbk_step_begin(s, 1, 0.0_real64)
      call lbk_put(s, b, u(2:4, :))              ! kept for s
      call lbk_put(s, b, u)
      call lbk_step_end(s)
      call lbk_step_end(s)                       ! a second one, which is not
      call lbk_put(unopened, b, u)               ! kept for what is not open
      call lbk_variable_set_axis(v, 9, 'x', 'm', 0.0_real64, 1.0_real64, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'asked')
      call lbk_session_close(s, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'unasked')
      call message('3 values along its fastest axis')
      call lbk_session_close(s, ierr)
      call expect(LBK_INVALID_HANDLE, ierr, 'unasked, not open')
      call message('NULL')
      call lbk_session_close(s, ierr)
      call expect(LBK_OK, ierr, 'told once')
      call lbk_session_close(other, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'unasked, other')
      call message('no variable')

      call open_exact('unasked.lbk', s)
      call lbk_variable_define(s, 'u', LBK_FLOAT64, [4, 3], v)
      call lbk_variable_add_block(v, [0], [4], b) ! found by the bindings
      call lbk_session_close(s, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'unasked block')
      call message('offset has size 1')
   end subroutine

   !> Options that were refused make the open fail that they are for.
   subroutine unasked_options
      type(limbeck_config) :: config
      type(limbeck_session) :: s
      integer :: ierr

      call lbk_config_create(config)
      call lbk_config_set(config, 'target.ration', 10)
      call lbk_session_open(config, 'unasked_options.lbk', LBK_NO_COMM, s, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'open with a wrong option')
      call message('target.ratio')
      call lbk_distil('unasked.lbk.d', 'unasked_options.lbk', config, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'distil with a wrong option')
      call message('target.ratio')
      call lbk_session_open(config, 'unasked_options.lbk', LBK_NO_COMM, s)
      call lbk_config_free(config, ierr)
      call expect(LBK_OK, ierr, 'free')
      call lbk_session_close(s, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'close after that')
      call message('target.ratio')
   end subroutine

   subroutine unasked_archive
      type(limbeck_archive) :: a
      real(real64) :: u(4, 3)
      integer :: ierr

      call lbk_archive_open('none.lbk', a)
      call lbk_archive_read(a, 'u', 0, u)
      call lbk_archive_close(a, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'what was not opened')
      call message('none.lbk')
      call lbk_archive_open('arrays.lbk.d', a, ierr)
      call expect(LBK_OK, ierr, 'open')
      call lbk_archive_read(a, 'w', 0, u)
      call lbk_archive_read(a, 'u', 0, u, ierr=ierr)
      call expect(LBK_OK, ierr, 'read')
      call lbk_archive_close(a, ierr)
      call expect(LBK_INVALID_ARGUMENT, ierr, 'unasked read')
      call message('"w"')
   end subroutine
end program mistakes
