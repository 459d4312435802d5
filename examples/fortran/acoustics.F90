!> Sound waves in 3D (waves.f90), with limbeck linked in (archive.F90): acoustics [acoustics.nml].
!>
!> Build, after limbeck was installed (or use the CMakeLists.txt beside this file; -DUSE_MPI and what belongs to MPI may
!> be left out, and without the library limbeck_stub.f90 takes its place):
!>   mpif90 -O3 -cpp -DUSE_MPI -I$P/include/limbeck/fortran_mpi domain.F90 waves.f90 archive.F90 \
!>     acoustics.F90 -o acoustics -L$P/lib -llimbeck_fortran_mpi -llimbeck_mpi -Wl,-rpath,$P/lib
!> Run:
!>   mpirun -n 2 ./acoustics acoustics.nml
program acoustics
   use, intrinsic :: iso_fortran_env, only: error_unit, int64, real64
#ifdef USE_MPI
   use mpi_f08
#endif
   use archive, only: close_archive, open_archive, write_step
   use domain, only: box, create_box, free_box, global_max, global_sum
   use waves, only: advance, create_waves, mode_error, start_mode, start_pulse, wave_state
   implicit none

   type(box) :: b
   type(wave_state) :: w
   integer :: n(3), steps, every, ratio, mode(3), step, status
   character(256) :: medium, output, options
   real(real64) :: first_energy, energy, drift, error, seconds(3)
   integer(int64) :: clock, begin, rate
   namelist /acoustics_run/ n, steps, every, medium, mode, output, ratio, options

#ifdef USE_MPI
   call MPI_Init()
#endif
   call read_input
   call create_box(b, n)
   call create_waves(b, w, medium == 'layered')
   if (any(mode > 0)) then
      call start_mode(b, w, mode)
   else
      call start_pulse(b, w)
   end if
   if (output /= '') call open_archive(b, w, trim(output), ratio, options)

   seconds = 0
   drift = 0
   first_energy = 0
   call system_clock(begin, rate)
   do step = 1, steps
      call advance(b, w)
      call lap(1)
      if (step == 1 .or. mod(step, every) == 0) then
         energy = global_sum(b, w%energy)
         if (step == 1) first_energy = energy
         drift = max(drift, abs(energy/first_energy - 1))
      end if
      if (output /= '' .and. mod(step, every) == 0) then
         call lap(1)
         call write_step(b, w, step)
         call lap(2)
      end if
   end do

   error = 0
   if (any(mode > 0) .and. medium /= 'layered') error = global_max(b, mode_error(b, w, mode))
   energy = global_max(b, maxval(abs(w%p%v(1:b%count(1), 1:b%count(2), 1:b%count(3)))))
   status = 0
   call lap(1)
   if (output /= '') call close_archive(status)
   call lap(3)
   if (b%rank == 0) then
      print '(3(a, i0), a, 3(i0, :, " x "))', 'cells ', n(1), ' x ', n(2), ' x ', n(3), ', ranks ', b%dims
      print '(a, es24.16)', 'energy          ', first_energy
      print '(a, es24.16)', 'largest pressure', energy
      print '(a, es10.2)', 'energy drift    ', drift
      if (error > 0) print '(a, es10.2)', 'error of mode   ', error
      print '(a, f10.2, a)', 'solver        ', seconds(1), ' s'
      print '(a, f10.2, a)', 'limbeck steps ', seconds(2), ' s'
      print '(a, f10.2, a)', 'limbeck close ', seconds(3), ' s'
   end if
   call free_box(b)
#ifdef USE_MPI
   call MPI_Finalize()
#endif
   ! Both hold to rounding, whatever was compressed: it is the simulation that is checked.
   if (.not. drift < 1e-10_real64 .or. .not. error < 1e-10_real64) error stop 'the scheme does not conserve what it should'
   if (status > 0) error stop 'the archive was not written'

contains

   !> The namelist of the file that is named on the command line, on every rank.
   subroutine read_input
      character(256) :: path
      integer :: unit, status

      n = 64
      steps = 400
      every = 20
      medium = 'layered'
      mode = 0
      output = 'acoustics.lbk'
      ratio = 1000
      options = ''
      call get_command_argument(1, path)
      if (path == '') return
      open (newunit=unit, file=path, status='old', action='read', iostat=status)
      if (status == 0) read (unit, nml=acoustics_run, iostat=status)
      if (status /= 0) then
         write (error_unit, '(3a)') trim(path), ': cannot be read, or is no namelist of acoustics_run'
         error stop 1
      end if
      close (unit)
   end subroutine

   !> Adds the time since the last lap.
   subroutine lap(what)
      integer, intent(in) :: what

      call system_clock(clock)
      seconds(what) = seconds(what) + real(clock - begin, real64)/rate
      begin = clock
   end subroutine
end program acoustics
