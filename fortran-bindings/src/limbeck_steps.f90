!> Steps: begin, put every block (limbeck_arrays), end.
module limbeck_steps
   use, intrinsic :: iso_c_binding, only: c_double, c_int32_t, c_int64_t
   use, intrinsic :: iso_fortran_env, only: int32, int64, real64
   use limbeck_c, only: c_lbk_step_begin, c_lbk_step_cancel, c_lbk_step_end
   use limbeck_handles, only: finish, limbeck_session
   implicit none
   private

   public :: lbk_step_begin, lbk_step_end, lbk_step_cancel

   !> lbk_step_begin(session, cycle, time, ierr): begins a step. Every block of this process is put once before
   !> lbk_step_end. cycle (of any integer kind) grows from step to step; time: real64, physical, finite.
   interface lbk_step_begin
      module procedure step_begin_int32, step_begin_int64
   end interface

contains

   subroutine step_begin_int32(session, cycle, time, ierr)
      type(limbeck_session), intent(in) :: session
      integer(int32), intent(in) :: cycle
      real(real64), intent(in) :: time
      integer, intent(out), optional :: ierr

      call step_begin_int64(session, int(cycle, int64), time, ierr)
   end subroutine

   subroutine step_begin_int64(session, cycle, time, ierr)
      type(limbeck_session), intent(in) :: session
      integer(int64), intent(in) :: cycle
      real(real64), intent(in) :: time
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status

      status = c_lbk_step_begin(session%handle, int(cycle, c_int64_t), real(time, c_double))
      call finish(session%handle, status, ierr)
   end subroutine

   !> Ends a step: it is accepted, and encoded while the simulation goes on. Waits only if the queue is full and the
   !> option queue.policy says so. ierr: LBK_DROPPED, LBK_QUEUE_FULL, LBK_INVALID_STATE if a block was not put, ...
   subroutine lbk_step_end(session, ierr)
      type(limbeck_session), intent(in) :: session
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status

      status = c_lbk_step_end(session%handle)
      call finish(session%handle, status, ierr)
   end subroutine

   !> Gives up the step that is open, if there is one, as if it had never begun.
   subroutine lbk_step_cancel(session, ierr)
      type(limbeck_session), intent(in) :: session
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status

      status = c_lbk_step_cancel(session%handle)
      call finish(session%handle, status, ierr)
   end subroutine
end module limbeck_steps
