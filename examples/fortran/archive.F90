!> Everything that this code has of limbeck: the run is described once, and every now and then its fields are handed
!> over. The ghosts stay behind; the slices are not copied on their way.
module archive
   use, intrinsic :: iso_fortran_env, only: error_unit, real64
   use limbeck
#ifdef USE_MPI
   use limbeck_mpi_f08
#endif
   use domain, only: box
   use waves, only: wave_state
   implicit none
   private

   public :: open_archive, write_step, close_archive

   character(*), parameter :: names(4) = [character(9) :: 'pressure', 'u', 'v', 'w']
   character(*), parameter :: axes(3) = ['x', 'y', 'z']

   type(limbeck_session) :: session
   type(limbeck_block) :: blocks(4)
   integer :: rank

contains

   !> Opens the run, on all ranks. Options of the job are in LIMBECK_* or in the file `options`, if it is not blank.
   subroutine open_archive(b, w, path, ratio, options)
      type(box), intent(in) :: b
      type(wave_state), intent(in) :: w
      character(*), intent(in) :: path, options
      integer, intent(in) :: ratio
      type(limbeck_config) :: config
      type(limbeck_variable) :: variable
      integer :: m, d, ierr

      rank = b%rank
      call lbk_config_create(config)
      call lbk_config_set(config, 'target.ratio', ratio)
      if (options /= '') call lbk_config_load(config, options)
#ifdef USE_MPI
      call lbk_session_open(config, path, b%comm, session, ierr)
#else
      call lbk_session_open(config, path, LBK_NO_COMM, session, ierr)
#endif
      call report('open', ierr)
      call lbk_config_free(config)
      call lbk_session_set_attribute(session, 'title', 'sound in layered rock')
      do m = 1, 4
         call lbk_variable_define(session, names(m), LBK_FLOAT64, b%n, variable)
         call lbk_variable_add_block(variable, b%offset, b%count, blocks(m))
         do d = 1, 3 ! a velocity is on the faces behind the cells of its dimension
            call lbk_variable_set_axis(variable, d, axes(d), '', merge(1.0_real64, 0.5_real64, d == m - 1)*w%h, w%h)
         end do
      end do
      call lbk_session_commit(session, ierr)
      call report('commit', ierr)
   end subroutine

   subroutine write_step(b, w, step)
      type(box), intent(in) :: b
      type(wave_state), intent(in) :: w
      integer, intent(in) :: step
      integer :: m, ierr

      associate (nx => b%count(1), ny => b%count(2), nz => b%count(3))
         call lbk_step_begin(session, step, w%time)
         call lbk_put(session, blocks(1), w%p%v(1:nx, 1:ny, 1:nz))
         do m = 1, 3
            call lbk_put(session, blocks(m + 1), w%v(m)%v(1:nx, 1:ny, 1:nz))
         end do
         call lbk_step_end(session, ierr)
      end associate
      call report('step', ierr)
   end subroutine

   !> Closes the run, on all ranks and before MPI_Finalize. What failed in a call without ierr comes out here.
   subroutine close_archive(ierr)
      integer, intent(out) :: ierr

      call lbk_session_close(session, ierr)
      call report('close', ierr)
   end subroutine

   !> Says what went wrong; a warning is the same on all ranks, or nearly so.
   subroutine report(what, ierr)
      character(*), intent(in) :: what
      integer, intent(in) :: ierr

      if (ierr == LBK_OK .or. (ierr < LBK_OK .and. rank > 0)) return
      write (error_unit, '(5a)') what, ': ', lbk_status_name(ierr), ': ', lbk_last_error()
   end subroutine
end module archive
