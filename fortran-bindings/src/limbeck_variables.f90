!> What a run consists of: variables, their axes, and the blocks of them that this process holds.
!>
!> Everything is in Fortran's order: for f(nx, ny, nz) shape is [nx, ny, nz], and x is the fastest dimension. dim is
!> what it is for size(f, dim), 1 to the rank. Offsets count from 0, as in MPI. Integers are of kind int32 or int64.
module limbeck_variables
   use, intrinsic :: iso_c_binding, only: c_double, c_int32_t, c_int64_t, c_null_ptr
   use, intrinsic :: iso_fortran_env, only: int32, int64, real64
   use limbeck_c, only: c_lbk_variable_add_block, c_lbk_variable_define, c_lbk_variable_set_attribute, &
                        c_lbk_variable_set_axis, c_lbk_variable_set_axis_coordinates
   use limbeck_constants, only: LBK_INVALID_ARGUMENT, LBK_OK
   use limbeck_handles, only: c_text, defined_variable, fail, finish, limbeck_block, limbeck_session, limbeck_variable
   implicit none
   private

   public :: lbk_variable_define, lbk_variable_set_attribute, lbk_variable_add_block, lbk_variable_set_axis, &
             lbk_variable_set_axis_coordinates, lbk_session_set_axis, lbk_session_set_axis_coordinates

   !> lbk_variable_define(session, name, type, shape, variable, ierr): defines a variable. Before commit; every rank
   !> defines the same ones in the same order.
   !> name: not blank, at most 255 bytes; type: LBK_FLOAT32 or LBK_FLOAT64; shape: the global extents, all ranks
   !> together.
   interface lbk_variable_define
      module procedure define_int32, define_int64
   end interface

   !> lbk_variable_add_block(variable, offset, count, block, ierr): says which box of a variable this process holds in
   !> one array. One or more per variable and rank, or none. Before commit. Where blocks overlap, the lowest (rank,
   !> block) owns. offset: global index, from 0, of the block's first value; count: its values along each dimension,
   !> without ghosts. How the array lies in memory is told by each lbk_put.
   interface lbk_variable_add_block
      module procedure add_block_int32, add_block_int64
   end interface

contains

   subroutine define_int32(session, name, type, shape, variable, ierr)
      type(limbeck_session), intent(inout) :: session
      character(*), intent(in) :: name
      integer, intent(in) :: type
      integer(int32), intent(in) :: shape(:)
      type(limbeck_variable), intent(out) :: variable
      integer, intent(out), optional :: ierr

      call define_int64(session, name, type, int(shape, int64), variable, ierr)
   end subroutine

   subroutine define_int64(session, name, type, shape, variable, ierr)
      type(limbeck_session), intent(inout) :: session
      character(*), intent(in) :: name
      integer, intent(in) :: type
      integer(int64), intent(in) :: shape(:)
      type(limbeck_variable), intent(out) :: variable
      integer, intent(out), optional :: ierr
      type(defined_variable), pointer :: listed
      integer(c_int32_t) :: status

      status = c_lbk_variable_define(session%handle, c_text(name), int(type, c_int32_t), size(shape, kind=c_int32_t), &
                                     reversed(shape), variable%handle)
      if (status == LBK_OK) then
         variable%session = session%handle
         variable%rank = size(shape)
         allocate (listed)
         listed%variable = variable
         listed%next => session%variables
         session%variables => listed
      end if
      call finish(session%handle, status, ierr)
   end subroutine

   !> Attaches a text to a variable: its units, long name, anything; it is kept in the archive. Before commit.
   subroutine lbk_variable_set_attribute(variable, name, value, ierr)
      type(limbeck_variable), intent(in) :: variable
      character(*), intent(in) :: name  !< not blank, say 'units'
      character(*), intent(in) :: value !< say 'kg m-3'; trailing blanks do not count
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status

      status = c_lbk_variable_set_attribute(variable%handle, c_text(name), c_text(value))
      call finish(variable%session, status, ierr)
   end subroutine

   subroutine add_block_int32(variable, offset, count, block, ierr)
      type(limbeck_variable), intent(in) :: variable
      integer(int32), intent(in) :: offset(:), count(:)
      type(limbeck_block), intent(out) :: block
      integer, intent(out), optional :: ierr

      call add_block_int64(variable, int(offset, int64), int(count, int64), block, ierr)
   end subroutine

   subroutine add_block_int64(variable, offset, count, block, ierr)
      type(limbeck_variable), intent(in) :: variable
      integer(int64), intent(in) :: offset(:), count(:)
      type(limbeck_block), intent(out) :: block
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status
      character(160) :: text

      block%session = variable%session
      if (variable%rank > 0 .and. (size(offset) /= variable%rank .or. size(count) /= variable%rank)) then
         write (text, '(3(a, i0))') 'lbk_variable_add_block: the variable has rank ', variable%rank, &
            '; offset has size ', size(offset), ', count ', size(count)
         call fail(variable%session, trim(text), ierr)
         return
      end if
      status = c_lbk_variable_add_block(variable%handle, reversed(offset), reversed(count), c_null_ptr, block%handle)
      call finish(variable%session, status, ierr)
   end subroutine

   !> Says where the grid points lie along a dimension of a variable: point i, from 0, at origin + i * spacing. Before
   !> commit; rank 0 counts.
   subroutine lbk_variable_set_axis(variable, dim, name, units, origin, spacing, ierr)
      type(limbeck_variable), intent(in) :: variable
      integer, intent(in) :: dim          !< 1 is the fastest
      character(*), intent(in) :: name    !< say 'x'; may be blank
      character(*), intent(in) :: units   !< of origin and spacing, say 'm'; may be blank
      real(real64), intent(in) :: origin  !< finite
      real(real64), intent(in) :: spacing !< finite, not 0, may be negative
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status

      if (.not. has_dim('lbk_variable_set_axis', variable, dim, ierr)) return
      status = c_lbk_variable_set_axis(variable%handle, int(variable%rank - dim, c_int32_t), c_text(name), c_text(units), &
                                       real(origin, c_double), real(spacing, c_double))
      call finish(variable%session, status, ierr)
   end subroutine

   !> Says where the grid points lie along a dimension of a variable, one by one. Before commit; rank 0 counts.
   subroutine lbk_variable_set_axis_coordinates(variable, dim, name, units, coordinates, ierr)
      type(limbeck_variable), intent(in) :: variable
      integer, intent(in) :: dim                 !< 1 is the fastest
      character(*), intent(in) :: name           !< say 'x'; may be blank
      character(*), intent(in) :: units          !< of the coordinates; may be blank
      real(real64), intent(in) :: coordinates(:) !< as many as the global extent; strictly increasing or decreasing
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status

      if (.not. has_dim('lbk_variable_set_axis_coordinates', variable, dim, ierr)) return
      status = c_lbk_variable_set_axis_coordinates(variable%handle, int(variable%rank - dim, c_int32_t), c_text(name), &
                                                   c_text(units), size(coordinates, kind=c_int64_t), &
                                                   real(coordinates, c_double))
      call finish(variable%session, status, ierr)
   end subroutine

   !> Does lbk_variable_set_axis for every variable of the run that is defined by now and has this dimension.
   subroutine lbk_session_set_axis(session, dim, name, units, origin, spacing, ierr)
      type(limbeck_session), intent(in) :: session
      integer, intent(in) :: dim          !< 1 is the fastest
      character(*), intent(in) :: name    !< say 'x'; may be blank
      character(*), intent(in) :: units   !< of origin and spacing, say 'm'; may be blank
      real(real64), intent(in) :: origin  !< finite
      real(real64), intent(in) :: spacing !< finite, not 0, may be negative
      integer, intent(out), optional :: ierr !< LBK_INVALID_ARGUMENT also if no variable has this dimension
      type(defined_variable), pointer :: listed
      integer :: told

      listed => session%variables
      told = no_such_dim('lbk_session_set_axis', session, dim, ierr)
      do while (told == LBK_OK .and. associated(listed))
         if (listed%variable%rank >= dim .and. present(ierr)) then
            call lbk_variable_set_axis(listed%variable, dim, name, units, origin, spacing, ierr)
            told = ierr
         else if (listed%variable%rank >= dim) then
            call lbk_variable_set_axis(listed%variable, dim, name, units, origin, spacing)
         end if
         listed => listed%next
      end do
   end subroutine

   !> Does lbk_variable_set_axis_coordinates for every variable of the run that is defined by now and has this
   !> dimension.
   subroutine lbk_session_set_axis_coordinates(session, dim, name, units, coordinates, ierr)
      type(limbeck_session), intent(in) :: session
      integer, intent(in) :: dim                 !< 1 is the fastest
      character(*), intent(in) :: name           !< say 'x'; may be blank
      character(*), intent(in) :: units          !< of the coordinates; may be blank
      real(real64), intent(in) :: coordinates(:) !< as many as the global extent; strictly increasing or decreasing
      integer, intent(out), optional :: ierr     !< LBK_INVALID_ARGUMENT also if no variable has this dimension
      type(defined_variable), pointer :: listed
      integer :: told

      listed => session%variables
      told = no_such_dim('lbk_session_set_axis_coordinates', session, dim, ierr)
      do while (told == LBK_OK .and. associated(listed))
         if (listed%variable%rank >= dim .and. present(ierr)) then
            call lbk_variable_set_axis_coordinates(listed%variable, dim, name, units, coordinates, ierr)
            told = ierr
         else if (listed%variable%rank >= dim) then
            call lbk_variable_set_axis_coordinates(listed%variable, dim, name, units, coordinates)
         end if
         listed => listed%next
      end do
   end subroutine

   !> False, after an error, if a variable that was defined has no such dimension. Those that were not are left to the
   !> library.
   function has_dim(call, variable, dim, ierr) result(has)
      character(*), intent(in) :: call
      type(limbeck_variable), intent(in) :: variable
      integer, intent(in) :: dim
      integer, intent(inout), optional :: ierr
      logical :: has
      character(160) :: text

      has = variable%rank == 0 .or. (dim >= 1 .and. dim <= variable%rank)
      if (has) return
      write (text, '(a, 2(a, i0))') call, ': dim is ', dim, ', the variable has rank ', variable%rank
      call fail(variable%session, trim(text), ierr)
   end function

   !> LBK_OK, or an error if no variable has such a dimension.
   function no_such_dim(call, session, dim, ierr) result(status)
      character(*), intent(in) :: call
      type(limbeck_session), intent(in) :: session
      integer, intent(in) :: dim
      integer, intent(inout), optional :: ierr
      integer :: status
      type(defined_variable), pointer :: listed
      character(160) :: text

      status = LBK_OK
      listed => session%variables
      do while (associated(listed))
         if (dim >= 1 .and. listed%variable%rank >= dim) return
         listed => listed%next
      end do
      status = LBK_INVALID_ARGUMENT
      write (text, '(a, a, i0)') call, ': no variable of the run has a dimension ', dim
      call fail(session%handle, trim(text), ierr)
   end function

   !> As C has it: the slowest dimension first.
   pure function reversed(numbers)
      integer(int64), intent(in) :: numbers(:)
      integer(c_int64_t) :: reversed(size(numbers))

      reversed = int(numbers(size(numbers):1:-1), c_int64_t)
   end function
end module limbeck_variables
