!> limbeck: an in-situ neural compressor for running simulations.
!>
!>    use limbeck
!>    type(limbeck_config) :: config
!>    type(limbeck_session) :: session
!>    type(limbeck_variable) :: density
!>    type(limbeck_block) :: block
!>
!>    call lbk_config_create(config)
!>    call lbk_config_set(config, 'target.ratio', 1000)
!>    call lbk_session_open(config, 'run.lbk', comm, session, ierr)            ! LBK_NO_COMM without MPI
!>    call lbk_variable_define(session, 'density', LBK_FLOAT64, [gx, gy, gz], density)
!>    call lbk_variable_add_block(density, [ox, oy, oz], [nx, ny, nz], block)  ! offsets count from 0
!>    call lbk_session_commit(session, ierr)
!>    do step = 1, steps
!>       call lbk_step_begin(session, step, time)
!>       call lbk_put(session, block, rho%v(1:nx, 1:ny, 1:nz))                 ! a slice is not copied on its way
!>       call lbk_step_end(session, ierr)
!>    end do
!>    call lbk_session_close(session, ierr)                                    ! before MPI_Finalize
!>    if (ierr /= LBK_OK) print '(a)', lbk_last_error()
!>
!> The calls have the names of the C interface, whose manual is include/limbeck/limbeck.h. What is different: shapes,
!> offsets, counts and points are in Fortran's order, the fastest dimension first; texts are characters whose trailing
!> blanks do not count, and come back allocated; ierr is last and optional (limbeck_errors says what its absence means).
!> How each argument is meant stands with the procedures, in src/.
module limbeck
   use limbeck_constants
   use limbeck_handles, only: limbeck_archive, limbeck_block, limbeck_config, limbeck_session, limbeck_variable
   use limbeck_errors
   use limbeck_configs
   use limbeck_sessions
   use limbeck_variables
   use limbeck_steps
   use limbeck_arrays
   use limbeck_archives
   implicit none
   public
end module limbeck
