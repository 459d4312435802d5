!> The run: opened, described, committed, closed.
!>
!> Order of calls: lbk_session_open, lbk_variable_define, lbk_variable_add_block, lbk_session_commit, then for each step
!> lbk_step_begin, lbk_put of every block, lbk_step_end; lbk_session_close at the end, before MPI_Finalize.
module limbeck_sessions
   use, intrinsic :: iso_c_binding, only: c_char, c_double, c_int32_t, c_int64_t, c_null_ptr, c_ptr, c_size_t
   use, intrinsic :: iso_fortran_env, only: int32, int64, real64
   use limbeck_c, only: c_lbk_distil, c_lbk_session_close, c_lbk_session_commit, c_lbk_session_durable, &
                        c_lbk_session_metrics, c_lbk_session_open, c_lbk_session_set_attribute, c_lbk_session_wait
   use limbeck_constants, only: LBK_NO_CYCLE, LBK_OK
   use limbeck_handles, only: address, c_text, complete, defined_variable, end_of, fail, finish, kept_for, &
                              last_error, limbeck_config, limbeck_session, text_in
   implicit none
   private

   public :: lbk_session_open, lbk_session_set_attribute, lbk_session_commit, lbk_session_metrics, lbk_session_durable, &
             lbk_session_wait, lbk_session_close, lbk_distil

   !> lbk_session_open(config, path, communicator, session, ierr): opens a run. The module limbeck_mpi_f08 adds the form
   !> that takes a type(MPI_Comm).
   interface lbk_session_open
      module procedure session_open
   end interface

   !> lbk_session_wait(session, cycle, timeout, ierr): waits until every accepted step up to a cycle (of any integer
   !> kind) is durable. timeout: real64 seconds; 0 only looks, a negative number waits as long as it takes. ierr:
   !> LBK_TIMEOUT.
   interface lbk_session_wait
      module procedure session_wait_int32, session_wait_int64
   end interface

contains

   !> Opens a run. Collective over the communicator, if there is one: an error on one rank is an error on all.
   subroutine session_open(config, path, communicator, session, ierr)
      type(limbeck_config), intent(in) :: config   !< copied
      character(*), intent(in) :: path             !< of the archive that close will write, say 'run.lbk'
      integer, intent(in) :: communicator          !< LBK_NO_COMM, or an MPI communicator, which is duplicated
      type(limbeck_session), intent(out) :: session
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status, before
      type(c_ptr) :: options

      options = config%handle
      before = kept_for(config%handle)
      if (before /= LBK_OK) options = c_null_ptr ! an error, on all ranks
      status = c_lbk_session_open(options, c_text(path), int(communicator, c_int32_t), session%handle)
      if (status /= LBK_OK .and. before /= LBK_OK) then
         call tell_kept(config, ierr)
      else
         call finish(session%handle, status, ierr)
      end if
   end subroutine

   !> Returns the error that was kept for options; without ierr it is kept on, for the close of what was not opened.
   subroutine tell_kept(config, ierr)
      type(limbeck_config), intent(in) :: config
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status

      status = kept_for(config%handle)
      call fail(c_null_ptr, last_error(), ierr, status)
   end subroutine

   !> Attaches a text to the run; it is kept in the archive. Before commit; rank 0 counts.
   subroutine lbk_session_set_attribute(session, name, value, ierr)
      type(limbeck_session), intent(in) :: session
      character(*), intent(in) :: name  !< not blank
      character(*), intent(in) :: value !< trailing blanks do not count
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status

      status = c_lbk_session_set_attribute(session%handle, c_text(name), c_text(value))
      call finish(session%handle, status, ierr)
   end subroutine

   !> Ends the description of the run: from now on steps are taken, and variables and blocks are fixed. Collective.
   subroutine lbk_session_commit(session, ierr)
      type(limbeck_session), intent(in) :: session
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status

      status = c_lbk_session_commit(session%handle)
      call finish(session%handle, status, ierr)
   end subroutine

   !> What the run has done and cost so far, as JSON.
   subroutine lbk_session_metrics(session, json, ierr)
      type(limbeck_session), intent(in) :: session
      character(:), allocatable, intent(out) :: json
      integer, intent(out), optional :: ierr
      character(kind=c_char), allocatable, target :: buffer(:)
      integer(c_size_t) :: needed
      integer(c_int32_t) :: status

      allocate (buffer(0))
      do
         status = c_lbk_session_metrics(session%handle, address(buffer), size(buffer, kind=c_size_t), needed)
         if (complete(status, needed, buffer)) exit
      end do
      json = text_in(status, buffer, needed)
      call finish(session%handle, status, ierr)
   end subroutine

   !> Tells up to which cycle every accepted step of this process is in the journal, and thus survives the process.
   subroutine lbk_session_durable(session, cycle, ierr)
      type(limbeck_session), intent(in) :: session
      integer(int64), intent(out) :: cycle !< LBK_NO_CYCLE if there is none yet, or the call failed
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status

      cycle = LBK_NO_CYCLE
      status = c_lbk_session_durable(session%handle, cycle)
      call finish(session%handle, status, ierr)
   end subroutine

   subroutine session_wait_int32(session, cycle, timeout, ierr)
      type(limbeck_session), intent(in) :: session
      integer(int32), intent(in) :: cycle
      real(real64), intent(in) :: timeout
      integer, intent(out), optional :: ierr

      call session_wait_int64(session, int(cycle, int64), timeout, ierr)
   end subroutine

   subroutine session_wait_int64(session, cycle, timeout, ierr)
      type(limbeck_session), intent(in) :: session
      integer(int64), intent(in) :: cycle
      real(real64), intent(in) :: timeout
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status

      status = c_lbk_session_wait(session%handle, int(cycle, c_int64_t), real(timeout, c_double))
      call finish(session%handle, status, ierr)
   end subroutine

   !> Ends the run: waits until every accepted step is durable, distils (option distil.when), writes the archive and
   !> frees the session with its variables and blocks. Collective; before MPI_Finalize; may take minutes. A session that
   !> is not open is fine. ierr: what failed first and was not returned before, calls without ierr included.
   subroutine lbk_session_close(session, ierr)
      type(limbeck_session), intent(inout) :: session
      integer, intent(out), optional :: ierr
      type(c_ptr) :: closed
      type(defined_variable), pointer :: first
      integer(c_int32_t) :: status

      closed = session%handle
      status = c_lbk_session_close(session%handle)
      do while (associated(session%variables))
         first => session%variables
         session%variables => first%next
         deallocate (first)
      end do
      call end_of(closed, status, ierr)
   end subroutine

   !> Distils the journal of a run that was not distilled at close, or that died, into an archive. Not collective.
   subroutine lbk_distil(run, archive, config, ierr)
      character(*), intent(in) :: run     !< directory of the run, say 'run.lbk.d'
      character(*), intent(in) :: archive !< path of the archive to be written, say 'run.lbk'
      type(limbeck_config), intent(in) :: config
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status

      if (kept_for(config%handle) /= LBK_OK) then
         call tell_kept(config, ierr)
         return
      end if
      status = c_lbk_distil(c_text(run), c_text(archive), config%handle)
      call finish(c_null_ptr, status, ierr)
   end subroutine
end module limbeck_sessions
