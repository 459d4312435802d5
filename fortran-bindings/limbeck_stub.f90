!> limbeck for builds without the library: the module limbeck with every name of the real one. What writes (options,
!> runs, variables, steps, distillation) does nothing, sets its outputs and returns LBK_OK; what reads returns
!> LBK_COMPATIBILITY. A program compiles and runs with either, unchanged. To be compiled after src/limbeck_constants.f90
!> and limbeck_stub_archive.f90.
module limbeck
   use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
   use limbeck_constants
   use limbeck_stub_archive
   implicit none
   private :: int32, int64, real32, real64, done

   type :: limbeck_config
      logical :: created = .false.
   end type
   type :: limbeck_session
      logical :: open = .false.
   end type
   type :: limbeck_variable
      logical :: defined = .false.
   end type
   type :: limbeck_block
      logical :: added = .false.
   end type

   abstract interface
      subroutine limbeck_log(level, message)
         integer, intent(in) :: level
         character(*), intent(in) :: message
      end subroutine
   end interface

   interface lbk_config_set
      module procedure set_text, set_int32, set_int64, set_real32
      module procedure set_real64, set_logical
   end interface
   interface lbk_session_open
      module procedure session_open
   end interface
   interface lbk_session_wait
      module procedure wait_int32, wait_int64
   end interface
   interface lbk_variable_define
      module procedure define_int32, define_int64
   end interface
   interface lbk_variable_add_block
      module procedure add_block_int32, add_block_int64
   end interface
   interface lbk_step_begin
      module procedure step_begin_int32, step_begin_int64
   end interface
   interface lbk_put
      module procedure put_1_real32, put_2_real32, put_3_real32, put_1_real64
      module procedure put_2_real64, put_3_real64
   end interface
   private :: set_text, set_int32, set_int64, set_real32, set_real64, set_logical
   private :: session_open, wait_int32, wait_int64, define_int32, define_int64, add_block_int32
   private :: add_block_int64, step_begin_int32, step_begin_int64, put_1_real32, put_2_real32, put_3_real32
   private :: put_1_real64, put_2_real64, put_3_real64

contains

   subroutine done(ierr)
      integer, intent(out), optional :: ierr

      if (present(ierr)) ierr = LBK_OK
   end subroutine

   function lbk_status_name(status) result(name)
      integer, intent(in) :: status
      character(:), allocatable :: name

      select case (status)
      case (LBK_OK)
         name = 'LBK_OK'
      case (LBK_DROPPED)
         name = 'LBK_DROPPED'
      case (LBK_DEGRADED)
         name = 'LBK_DEGRADED'
      case (LBK_INVALID_ARGUMENT)
         name = 'LBK_INVALID_ARGUMENT'
      case (LBK_INVALID_HANDLE)
         name = 'LBK_INVALID_HANDLE'
      case (LBK_INVALID_STATE)
         name = 'LBK_INVALID_STATE'
      case (LBK_COMPATIBILITY)
         name = 'LBK_COMPATIBILITY'
      case (LBK_CORRUPTION)
         name = 'LBK_CORRUPTION'
      case (LBK_TRUNCATED)
         name = 'LBK_TRUNCATED'
      case (LBK_IO)
         name = 'LBK_IO'
      case (LBK_MPI)
         name = 'LBK_MPI'
      case (LBK_DEVICE)
         name = 'LBK_DEVICE'
      case (LBK_INTERNAL)
         name = 'LBK_INTERNAL'
      case (LBK_NOT_FINITE)
         name = 'LBK_NOT_FINITE'
      case (LBK_QUEUE_FULL)
         name = 'LBK_QUEUE_FULL'
      case (LBK_TIMEOUT)
         name = 'LBK_TIMEOUT'
      case (LBK_BUFFER_TOO_SMALL)
         name = 'LBK_BUFFER_TOO_SMALL'
      case (LBK_NOT_FOUND)
         name = 'LBK_NOT_FOUND'
      case default
         name = 'LBK_UNKNOWN'
      end select
   end function

   function lbk_version() result(version)
      character(:), allocatable :: version

      version = LBK_HEADER_VERSION
   end function

   function lbk_abi_version() result(version)
      integer :: version

      version = LBK_HEADER_ABI_VERSION
   end function

   subroutine lbk_set_log_callback(callback, level, ierr)
      procedure(limbeck_log), optional :: callback
      integer, intent(in), optional :: level
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine lbk_config_create(config, ierr)
      type(limbeck_config), intent(out) :: config
      integer, intent(out), optional :: ierr

      config%created = .true.
      call done(ierr)
   end subroutine

   subroutine set_text(config, name, value, ierr)
      type(limbeck_config), intent(in) :: config
      character(*), intent(in) :: name
      character(*), intent(in) :: value
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine set_int32(config, name, value, ierr)
      type(limbeck_config), intent(in) :: config
      character(*), intent(in) :: name
      integer(int32), intent(in) :: value
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine set_int64(config, name, value, ierr)
      type(limbeck_config), intent(in) :: config
      character(*), intent(in) :: name
      integer(int64), intent(in) :: value
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine set_real32(config, name, value, ierr)
      type(limbeck_config), intent(in) :: config
      character(*), intent(in) :: name
      real(real32), intent(in) :: value
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine set_real64(config, name, value, ierr)
      type(limbeck_config), intent(in) :: config
      character(*), intent(in) :: name
      real(real64), intent(in) :: value
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine set_logical(config, name, value, ierr)
      type(limbeck_config), intent(in) :: config
      character(*), intent(in) :: name
      logical, intent(in) :: value
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine lbk_config_load(config, path, ierr)
      type(limbeck_config), intent(in) :: config
      character(*), intent(in) :: path
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine lbk_config_get(config, name, value, ierr)
      type(limbeck_config), intent(in) :: config
      character(*), intent(in) :: name
      character(:), allocatable, intent(out) :: value
      integer, intent(out), optional :: ierr

      value = ''
      call done(ierr)
   end subroutine

   subroutine lbk_config_free(config, ierr)
      type(limbeck_config), intent(inout) :: config
      integer, intent(out), optional :: ierr

      config%created = .false.
      call done(ierr)
   end subroutine

   subroutine lbk_options(list, ierr)
      character(:), allocatable, intent(out) :: list
      integer, intent(out), optional :: ierr

      list = ''
      call done(ierr)
   end subroutine

   subroutine session_open(config, path, communicator, session, ierr)
      type(limbeck_config), intent(in) :: config
      character(*), intent(in) :: path
      integer, intent(in) :: communicator
      type(limbeck_session), intent(out) :: session
      integer, intent(out), optional :: ierr

      session%open = .true.
      call done(ierr)
   end subroutine

   subroutine lbk_session_set_attribute(session, name, value, ierr)
      type(limbeck_session), intent(in) :: session
      character(*), intent(in) :: name
      character(*), intent(in) :: value
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine lbk_session_commit(session, ierr)
      type(limbeck_session), intent(in) :: session
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine lbk_session_metrics(session, json, ierr)
      type(limbeck_session), intent(in) :: session
      character(:), allocatable, intent(out) :: json
      integer, intent(out), optional :: ierr

      json = '{}'
      call done(ierr)
   end subroutine

   subroutine lbk_session_durable(session, cycle, ierr)
      type(limbeck_session), intent(in) :: session
      integer(int64), intent(out) :: cycle
      integer, intent(out), optional :: ierr

      cycle = huge(cycle)
      call done(ierr)
   end subroutine

   subroutine wait_int32(session, cycle, timeout, ierr)
      type(limbeck_session), intent(in) :: session
      integer(int32), intent(in) :: cycle
      real(real64), intent(in) :: timeout
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine wait_int64(session, cycle, timeout, ierr)
      type(limbeck_session), intent(in) :: session
      integer(int64), intent(in) :: cycle
      real(real64), intent(in) :: timeout
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine lbk_session_close(session, ierr)
      type(limbeck_session), intent(inout) :: session
      integer, intent(out), optional :: ierr

      session%open = .false.
      call done(ierr)
   end subroutine

   subroutine lbk_distil(run, archive, config, ierr)
      character(*), intent(in) :: run
      character(*), intent(in) :: archive
      type(limbeck_config), intent(in) :: config
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine define_int32(session, name, type, shape, variable, ierr)
      type(limbeck_session), intent(inout) :: session
      character(*), intent(in) :: name
      integer, intent(in) :: type
      integer(int32), intent(in) :: shape(:)
      type(limbeck_variable), intent(out) :: variable
      integer, intent(out), optional :: ierr

      variable%defined = .true.
      call done(ierr)
   end subroutine

   subroutine define_int64(session, name, type, shape, variable, ierr)
      type(limbeck_session), intent(inout) :: session
      character(*), intent(in) :: name
      integer, intent(in) :: type
      integer(int64), intent(in) :: shape(:)
      type(limbeck_variable), intent(out) :: variable
      integer, intent(out), optional :: ierr

      variable%defined = .true.
      call done(ierr)
   end subroutine

   subroutine lbk_variable_set_attribute(variable, name, value, ierr)
      type(limbeck_variable), intent(in) :: variable
      character(*), intent(in) :: name
      character(*), intent(in) :: value
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine add_block_int32(variable, offset, count, block, ierr)
      type(limbeck_variable), intent(in) :: variable
      integer(int32), intent(in) :: offset(:)
      integer(int32), intent(in) :: count(:)
      type(limbeck_block), intent(out) :: block
      integer, intent(out), optional :: ierr

      block%added = .true.
      call done(ierr)
   end subroutine

   subroutine add_block_int64(variable, offset, count, block, ierr)
      type(limbeck_variable), intent(in) :: variable
      integer(int64), intent(in) :: offset(:)
      integer(int64), intent(in) :: count(:)
      type(limbeck_block), intent(out) :: block
      integer, intent(out), optional :: ierr

      block%added = .true.
      call done(ierr)
   end subroutine

   subroutine lbk_variable_set_axis(variable, dim, name, units, origin, spacing, ierr)
      type(limbeck_variable), intent(in) :: variable
      integer, intent(in) :: dim
      character(*), intent(in) :: name
      character(*), intent(in) :: units
      real(real64), intent(in) :: origin
      real(real64), intent(in) :: spacing
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine lbk_variable_set_axis_coordinates(variable, dim, name, units, coordinates, ierr)
      type(limbeck_variable), intent(in) :: variable
      integer, intent(in) :: dim
      character(*), intent(in) :: name
      character(*), intent(in) :: units
      real(real64), intent(in) :: coordinates(:)
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine lbk_session_set_axis(session, dim, name, units, origin, spacing, ierr)
      type(limbeck_session), intent(in) :: session
      integer, intent(in) :: dim
      character(*), intent(in) :: name
      character(*), intent(in) :: units
      real(real64), intent(in) :: origin
      real(real64), intent(in) :: spacing
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine lbk_session_set_axis_coordinates(session, dim, name, units, coordinates, ierr)
      type(limbeck_session), intent(in) :: session
      integer, intent(in) :: dim
      character(*), intent(in) :: name
      character(*), intent(in) :: units
      real(real64), intent(in) :: coordinates(:)
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine step_begin_int32(session, cycle, time, ierr)
      type(limbeck_session), intent(in) :: session
      integer(int32), intent(in) :: cycle
      real(real64), intent(in) :: time
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine step_begin_int64(session, cycle, time, ierr)
      type(limbeck_session), intent(in) :: session
      integer(int64), intent(in) :: cycle
      real(real64), intent(in) :: time
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine put_1_real32(session, block, values, ierr)
      type(limbeck_session), intent(in) :: session
      type(limbeck_block), intent(in) :: block
      real(real32), intent(in) :: values(:)
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine put_2_real32(session, block, values, ierr)
      type(limbeck_session), intent(in) :: session
      type(limbeck_block), intent(in) :: block
      real(real32), intent(in) :: values(:, :)
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine put_3_real32(session, block, values, ierr)
      type(limbeck_session), intent(in) :: session
      type(limbeck_block), intent(in) :: block
      real(real32), intent(in) :: values(:, :, :)
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine put_1_real64(session, block, values, ierr)
      type(limbeck_session), intent(in) :: session
      type(limbeck_block), intent(in) :: block
      real(real64), intent(in) :: values(:)
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine put_2_real64(session, block, values, ierr)
      type(limbeck_session), intent(in) :: session
      type(limbeck_block), intent(in) :: block
      real(real64), intent(in) :: values(:, :)
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine put_3_real64(session, block, values, ierr)
      type(limbeck_session), intent(in) :: session
      type(limbeck_block), intent(in) :: block
      real(real64), intent(in) :: values(:, :, :)
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine lbk_step_end(session, ierr)
      type(limbeck_session), intent(in) :: session
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

   subroutine lbk_step_cancel(session, ierr)
      type(limbeck_session), intent(in) :: session
      integer, intent(out), optional :: ierr

      call done(ierr)
   end subroutine

end module limbeck
