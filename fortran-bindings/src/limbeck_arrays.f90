!> Arrays handed over and read, for compilers with assumed-rank arguments (Fortran 2018). The descriptor of the array
!> goes to limbeck_shim.c, which takes address and byte strides from it: a slice is neither copied on the way nor need
!> it be contiguous. limbeck_arrays_by_rank.f90 is the same module for other compilers.
module limbeck_arrays
   use, intrinsic :: iso_c_binding, only: c_char, c_int32_t, c_int64_t, c_ptr
   use, intrinsic :: iso_fortran_env, only: int32, int64
   use limbeck_handles, only: c_text, fail, finish, limbeck_archive, limbeck_block, limbeck_session
   use limbeck_regions, only: region, region_every, region_fault, region_from
   implicit none
   private

   public :: lbk_put, lbk_archive_read

   !> lbk_archive_read(archive, variable, step, values, start, every, ierr): reads a box of a variable at one step, or
   !> every nth value of it, into an array or an array slice, whose extents say how many.
   !> variable: its name; step: index of the step, from 0; values: of kind real32 or real64 and of the variable's rank;
   !> start: index, from 0, of the first value along each dimension, default all 0; every: distance between the values,
   !> default all 1. Integers are of one kind, int32 or int64.
   !> ierr: LBK_INVALID_ARGUMENT if the box is not within the variable, or there is no such variable (the message names
   !> the nearest), or the step was lost; LBK_NOT_FOUND for a step that is not there; LBK_CORRUPTION, LBK_TRUNCATED, ...
   interface lbk_archive_read
      module procedure read_int32, read_int64
   end interface

   interface
      function c_put(session, block, values) bind(c, name='limbeck_fortran_put') result(status)
         import :: c_int32_t, c_ptr
         type(c_ptr), value :: session, block
         type(*), dimension(..), intent(in) :: values
         integer(c_int32_t) :: status
      end function

      function c_read(archive, variable, step, start, every, values) bind(c, name='limbeck_fortran_read') result(status)
         import :: c_char, c_int32_t, c_int64_t, c_ptr
         type(c_ptr), value :: archive
         character(kind=c_char), intent(in) :: variable(*)
         integer(c_int64_t), value :: step
         integer(c_int64_t), intent(in) :: start(*), every(*)
         type(*), dimension(..), intent(inout) :: values
         integer(c_int32_t) :: status
      end function
   end interface

contains

   !> Hands a block over. The values are copied, and looked at for NaN and infinities: the array is free on return.
   subroutine lbk_put(session, block, values, ierr)
      type(limbeck_session), intent(in) :: session
      type(limbeck_block), intent(in) :: block
      !> The block's values: of its extents, and of the kind of its variable; any array slice, say u%v(1:nx, 1:ny,
      !> 1:nz). (Of an array of structures gfortran itself packs a component, cells%density, first. It would not, were
      !> this procedure C's own; but then gfortran 12 shifts the address of the array for good.)
      type(*), dimension(..), intent(in) :: values
      !> LBK_NOT_FINITE if there are NaN or infinities and nonfinite = error; LBK_INVALID_ARGUMENT if kind, rank or
      !> extents are not those of the block; LBK_INVALID_STATE outside of a step, or if it was put already; ...
      integer, intent(out), optional :: ierr

      call finish(session%handle, c_put(session%handle, block%handle, values), ierr)
   end subroutine

   subroutine read_int32(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int32), intent(in) :: step
      type(*), dimension(..), intent(inout) :: values
      integer(int32), intent(in), optional :: start(:), every(:)
      integer, intent(out), optional :: ierr
      type(region) :: box

      box = region(rank(values))
      if (present(start)) call region_from(box, int(start, int64))
      if (present(every)) call region_every(box, int(every, int64))
      if (box%fits) then
         call finish(archive%handle, c_read(archive%handle, c_text(variable), int(step, c_int64_t), box%start, box%every, &
                                            values), ierr)
      else
         call fail(archive%handle, region_fault(box), ierr)
      end if
   end subroutine

   subroutine read_int64(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int64), intent(in) :: step
      type(*), dimension(..), intent(inout) :: values
      integer(int64), intent(in), optional :: start(:), every(:)
      integer, intent(out), optional :: ierr
      type(region) :: box

      box = region(rank(values))
      if (present(start)) call region_from(box, start)
      if (present(every)) call region_every(box, every)
      if (box%fits) then
         call finish(archive%handle, c_read(archive%handle, c_text(variable), int(step, c_int64_t), box%start, box%every, &
                                            values), ierr)
      else
         call fail(archive%handle, region_fault(box), ierr)
      end if
   end subroutine
end module limbeck_arrays
