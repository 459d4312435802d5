!> lbk_session_open for communicators of the module mpi_f08; to be used beside the module limbeck. Compiled by those who
!> have MPI, against limbeck or its stub.
module limbeck_mpi_f08
   use mpi_f08, only: MPI_Comm
   use limbeck, only: limbeck_config, limbeck_session, open_integer => lbk_session_open
   implicit none
   private

   public :: lbk_session_open

   interface lbk_session_open
      module procedure session_open_f08
   end interface

contains

   !> Opens a run. Collective: an error on one rank is an error on all.
   subroutine session_open_f08(config, path, communicator, session, ierr)
      type(limbeck_config), intent(in) :: config
      character(*), intent(in) :: path           !< of the archive that close will write, say 'run.lbk'
      type(MPI_Comm), intent(in) :: communicator !< which is duplicated
      type(limbeck_session), intent(out) :: session
      integer, intent(out), optional :: ierr

      call open_integer(config, path, communicator%mpi_val, session, ierr)
   end subroutine
end module limbeck_mpi_f08
