!> Checks for the Fortran tests: each failure is printed, and finish stops with an error if there were any.
module checks
   use limbeck
   implicit none
   integer :: failures = 0

contains

   subroutine check(so, what)
      logical, intent(in) :: so
      character(*), intent(in) :: what

      if (so) return
      failures = failures + 1
      print '(a, a)', 'not so: ', what
   end subroutine

   !> The call returned this status, and a failure left a message.
   subroutine expect(wanted, got, what)
      integer, intent(in) :: wanted, got
      character(*), intent(in) :: what

      if (got == wanted) then
         if (got == LBK_OK) return
         if (len(lbk_last_error()) > 0) return
      end if
      failures = failures + 1
      print '(7a)', what, ': ', lbk_status_name(got), ' instead of ', lbk_status_name(wanted), ': ', lbk_last_error()
   end subroutine

   !> The last message has this in it.
   subroutine message(part)
      character(*), intent(in) :: part

      if (index(lbk_last_error(), part) > 0) return
      failures = failures + 1
      print '(4a)', 'no "', part, '" in the message: ', lbk_last_error()
   end subroutine

   subroutine finish
      if (failures == 0) return
      print '(i0, a)', failures, ' checks failed'
      error stop 1
   end subroutine

   !> A session of small blocks that are kept whole, so that what is read back is what was put.
   subroutine open_exact(path, session)
      character(*), intent(in) :: path
      type(limbeck_session), intent(out) :: session
      type(limbeck_config) :: config
      integer :: ierr

      call lbk_config_create(config, ierr)
      call expect(LBK_OK, ierr, 'config_create')
      call lbk_config_set(config, 'target.ratio', 2, ierr)
      call expect(LBK_OK, ierr, 'target.ratio')
      call lbk_config_set(config, 'distil.when', 'never', ierr)
      call expect(LBK_OK, ierr, 'distil.when')
      call lbk_config_set(config, 'open.mode', 'replace', ierr)
      call expect(LBK_OK, ierr, 'open.mode')
      call lbk_session_open(config, path, LBK_NO_COMM, session, ierr)
      call expect(LBK_OK, ierr, 'open')
      call lbk_config_free(config, ierr)
      call expect(LBK_OK, ierr, 'config_free')
   end subroutine
end module checks
