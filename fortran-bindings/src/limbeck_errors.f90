!> What went wrong, versions, and the log.
!>
!> Every call ends with an optional ierr: LBK_OK, an error above 0, or a warning below 0. Nothing is printed and nothing
!> stops the program. Without ierr the first error of a run is kept and returned by lbk_session_close, that of an
!> archive by lbk_archive_close, that of options by the lbk_session_open or lbk_distil which they are for;
!> lbk_last_error has its message then. What fails because a handle was never opened is kept for a close of such a
!> handle, too.
module limbeck_errors
   use, intrinsic :: iso_c_binding, only: c_funloc, c_funptr, c_int32_t, c_null_funptr, c_null_ptr, c_ptr
   use limbeck_c, only: c_lbk_abi_version, c_lbk_set_log_callback, c_lbk_status_name, c_lbk_version
   use limbeck_constants, only: LBK_LOG_WARNING
   use limbeck_handles, only: f_text, finish, last_error
   implicit none
   private

   public :: lbk_last_error, lbk_status_name, lbk_version, lbk_abi_version, lbk_set_log_callback, limbeck_log

   abstract interface
      !> Receives one line of the log, on the thread that has something to say, worker threads included, and on several
      !> at once. It must not call limbeck and must not stop the program. A procedure of a module, not an internal one.
      subroutine limbeck_log(level, message)
         integer, intent(in) :: level         !< LBK_LOG_ERROR to LBK_LOG_DEBUG
         character(*), intent(in) :: message  !< without a newline
      end subroutine
   end interface

   procedure(limbeck_log), pointer, save :: log_callback => null()

contains

   !> The sentence that belongs to the last ierr of this thread that was not LBK_OK; empty if there was none.
   function lbk_last_error() result(message)
      character(:), allocatable :: message

      message = last_error()
   end function

   !> The name of a status, say 'LBK_IO'.
   function lbk_status_name(status) result(name)
      integer, intent(in) :: status !< any number
      character(:), allocatable :: name

      name = f_text(c_lbk_status_name(int(status, c_int32_t)))
   end function

   !> The version of the library that is loaded, say '0.1.0'.
   function lbk_version() result(version)
      character(:), allocatable :: version

      version = f_text(c_lbk_version())
   end function

   !> The ABI of the library that is loaded.
   function lbk_abi_version() result(version)
      integer :: version

      version = int(c_lbk_abi_version())
   end function

   !> Sets where limbeck's log goes, for all sessions of the process; without a callback it goes nowhere.
   subroutine lbk_set_log_callback(callback, level, ierr)
      procedure(limbeck_log), optional :: callback !< called for every line
      integer, intent(in), optional :: level       !< the least important level that is wanted; default LBK_LOG_WARNING
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status, least
      type(c_funptr) :: receiver

      least = LBK_LOG_WARNING
      if (present(level)) least = int(level, c_int32_t)
      receiver = c_null_funptr
      if (present(callback)) then
         ! Not taken back where there is none: a line may be on its way to the previous one.
         log_callback => callback
         receiver = c_funloc(log_line)
      end if
      status = c_lbk_set_log_callback(receiver, least, c_null_ptr)
      call finish(c_null_ptr, status, ierr)
   end subroutine

   subroutine log_line(level, message, user) bind(c)
      integer(c_int32_t), value :: level
      type(c_ptr), value :: message
      type(c_ptr), value :: user

      if (associated(log_callback)) call log_callback(int(level), f_text(message))
      associate (unused => user)
      end associate
   end subroutine
end module limbeck_errors
