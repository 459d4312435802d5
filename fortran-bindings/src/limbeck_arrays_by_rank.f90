!> Arrays handed over and read, for compilers without assumed-rank arguments: the same module as limbeck_arrays.f90, one
!> procedure for each rank and kind. Address and byte strides come from the addresses of neighbours in the argument, so
!> that a slice is neither copied on the way nor need it be contiguous. How the calls are meant stands in
!> limbeck_arrays.f90.
module limbeck_arrays
   use, intrinsic :: iso_c_binding, only: c_int32_t, c_int64_t, c_intptr_t, c_loc, c_null_ptr, c_ptr
   use, intrinsic :: iso_fortran_env, only: int32, int64, real32, real64
   use limbeck_c, only: c_lbk_put_strided
   use limbeck_c_archive, only: c_lbk_archive_read_strided
   use limbeck_constants, only: LBK_FLOAT32, LBK_FLOAT64
   use limbeck_handles, only: c_text, fail, finish, limbeck_archive, limbeck_block, limbeck_session
   use limbeck_regions, only: region, region_every, region_fault, region_from
   implicit none
   private

   public :: lbk_put, lbk_archive_read

   interface lbk_put
      module procedure put_1_real32, put_2_real32, put_3_real32, put_1_real64, put_2_real64, put_3_real64
   end interface

   interface lbk_archive_read
      module procedure read_1_real32_int32, read_2_real32_int32, read_3_real32_int32, &
                       read_1_real64_int32, read_2_real64_int32, read_3_real64_int32, &
                       read_1_real32_int64, read_2_real32_int64, read_3_real32_int64, &
                       read_1_real64_int64, read_2_real64_int64, read_3_real64_int64
   end interface

   !> An array in memory, described as for C.
   type :: place
      type(c_ptr) :: first = c_null_ptr
      integer :: rank = 0
      integer(c_int32_t) :: type = 0
      integer(c_int64_t) :: count(3) = 0   !< the slowest dimension first
      integer(c_int64_t) :: strides(3) = 0
   end type

   interface place_of
      module procedure place_1_real32, place_2_real32, place_3_real32, &
                       place_1_real64, place_2_real64, place_3_real64
   end interface

contains

   function place_1_real32(values) result(p)
      real(real32), intent(in), target :: values(:)
      type(place) :: p

      p = place(rank=1, type=LBK_FLOAT32)
      p%count(1:1) = [size(values, kind=c_int64_t)]
      if (size(values) == 0) return
      p%first = c_loc(values(1))
      if (size(values, 1) > 1) p%strides(1) = bytes(p%first, c_loc(values(2)))
   end function

   function place_2_real32(values) result(p)
      real(real32), intent(in), target :: values(:, :)
      type(place) :: p

      p = place(rank=2, type=LBK_FLOAT32)
      p%count(1:2) = [size(values, 2, c_int64_t), size(values, 1, c_int64_t)]
      if (size(values) == 0) return
      p%first = c_loc(values(1, 1))
      if (size(values, 1) > 1) p%strides(2) = bytes(p%first, c_loc(values(2, 1)))
      if (size(values, 2) > 1) p%strides(1) = bytes(p%first, c_loc(values(1, 2)))
   end function

   function place_3_real32(values) result(p)
      real(real32), intent(in), target :: values(:, :, :)
      type(place) :: p

      p = place(rank=3, type=LBK_FLOAT32)
      p%count(1:3) = [size(values, 3, c_int64_t), size(values, 2, c_int64_t), size(values, 1, c_int64_t)]
      if (size(values) == 0) return
      p%first = c_loc(values(1, 1, 1))
      if (size(values, 1) > 1) p%strides(3) = bytes(p%first, c_loc(values(2, 1, 1)))
      if (size(values, 2) > 1) p%strides(2) = bytes(p%first, c_loc(values(1, 2, 1)))
      if (size(values, 3) > 1) p%strides(1) = bytes(p%first, c_loc(values(1, 1, 2)))
   end function

   function place_1_real64(values) result(p)
      real(real64), intent(in), target :: values(:)
      type(place) :: p

      p = place(rank=1, type=LBK_FLOAT64)
      p%count(1:1) = [size(values, kind=c_int64_t)]
      if (size(values) == 0) return
      p%first = c_loc(values(1))
      if (size(values, 1) > 1) p%strides(1) = bytes(p%first, c_loc(values(2)))
   end function

   function place_2_real64(values) result(p)
      real(real64), intent(in), target :: values(:, :)
      type(place) :: p

      p = place(rank=2, type=LBK_FLOAT64)
      p%count(1:2) = [size(values, 2, c_int64_t), size(values, 1, c_int64_t)]
      if (size(values) == 0) return
      p%first = c_loc(values(1, 1))
      if (size(values, 1) > 1) p%strides(2) = bytes(p%first, c_loc(values(2, 1)))
      if (size(values, 2) > 1) p%strides(1) = bytes(p%first, c_loc(values(1, 2)))
   end function

   function place_3_real64(values) result(p)
      real(real64), intent(in), target :: values(:, :, :)
      type(place) :: p

      p = place(rank=3, type=LBK_FLOAT64)
      p%count(1:3) = [size(values, 3, c_int64_t), size(values, 2, c_int64_t), size(values, 1, c_int64_t)]
      if (size(values) == 0) return
      p%first = c_loc(values(1, 1, 1))
      if (size(values, 1) > 1) p%strides(3) = bytes(p%first, c_loc(values(2, 1, 1)))
      if (size(values, 2) > 1) p%strides(2) = bytes(p%first, c_loc(values(1, 2, 1)))
      if (size(values, 3) > 1) p%strides(1) = bytes(p%first, c_loc(values(1, 1, 2)))
   end function

   function bytes(from, to)
      type(c_ptr), intent(in) :: from, to
      integer(c_int64_t) :: bytes

      bytes = int(transfer(to, 0_c_intptr_t) - transfer(from, 0_c_intptr_t), c_int64_t)
   end function

   subroutine put(session, block, values, ierr)
      type(limbeck_session), intent(in) :: session
      type(limbeck_block), intent(in) :: block
      type(place), intent(in) :: values
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status

      status = c_lbk_put_strided(session%handle, block%handle, values%type, int(values%rank, c_int32_t), values%count, &
                                 values%strides, values%first)
      call finish(session%handle, status, ierr)
   end subroutine

   subroutine put_1_real32(session, block, values, ierr)
      type(limbeck_session), intent(in) :: session
      type(limbeck_block), intent(in) :: block
      real(real32), intent(in), target :: values(:)
      integer, intent(out), optional :: ierr

      call put(session, block, place_of(values), ierr)
   end subroutine

   subroutine put_2_real32(session, block, values, ierr)
      type(limbeck_session), intent(in) :: session
      type(limbeck_block), intent(in) :: block
      real(real32), intent(in), target :: values(:, :)
      integer, intent(out), optional :: ierr

      call put(session, block, place_of(values), ierr)
   end subroutine

   subroutine put_3_real32(session, block, values, ierr)
      type(limbeck_session), intent(in) :: session
      type(limbeck_block), intent(in) :: block
      real(real32), intent(in), target :: values(:, :, :)
      integer, intent(out), optional :: ierr

      call put(session, block, place_of(values), ierr)
   end subroutine

   subroutine put_1_real64(session, block, values, ierr)
      type(limbeck_session), intent(in) :: session
      type(limbeck_block), intent(in) :: block
      real(real64), intent(in), target :: values(:)
      integer, intent(out), optional :: ierr

      call put(session, block, place_of(values), ierr)
   end subroutine

   subroutine put_2_real64(session, block, values, ierr)
      type(limbeck_session), intent(in) :: session
      type(limbeck_block), intent(in) :: block
      real(real64), intent(in), target :: values(:, :)
      integer, intent(out), optional :: ierr

      call put(session, block, place_of(values), ierr)
   end subroutine

   subroutine put_3_real64(session, block, values, ierr)
      type(limbeck_session), intent(in) :: session
      type(limbeck_block), intent(in) :: block
      real(real64), intent(in), target :: values(:, :, :)
      integer, intent(out), optional :: ierr

      call put(session, block, place_of(values), ierr)
   end subroutine

   subroutine read(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int64), intent(in) :: step
      type(place), intent(in) :: values
      integer(int64), intent(in), optional :: start(:), every(:)
      integer, intent(out), optional :: ierr
      integer(c_int32_t) :: status
      type(region) :: box

      box = region(values%rank)
      if (present(start)) call region_from(box, start)
      if (present(every)) call region_every(box, every)
      if (.not. box%fits) then
         call fail(archive%handle, region_fault(box), ierr)
         return
      end if
      status = c_lbk_archive_read_strided(archive%handle, c_text(variable), int(step, c_int64_t), box%start, values%count, &
                                          box%every, values%type, int(values%rank, c_int32_t), values%strides, &
                                          values%first)
      call finish(archive%handle, status, ierr)
   end subroutine

   !> An index list of the other kind; absent, as not allocated, if it is absent.
   subroutine widen(numbers, wide)
      integer(int32), intent(in), optional :: numbers(:)
      integer(int64), allocatable, intent(out) :: wide(:)

      if (.not. present(numbers)) return
      allocate (wide(size(numbers)))
      wide = int(numbers, int64)
   end subroutine

   subroutine read_1_real32_int32(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int32), intent(in) :: step
      real(real32), intent(inout), target :: values(:)
      integer(int32), intent(in), optional :: start(:), every(:)
      integer, intent(out), optional :: ierr
      integer(int64), allocatable :: wide_start(:), wide_every(:)

      call widen(start, wide_start)
      call widen(every, wide_every)
      call read(archive, variable, int(step, int64), place_of(values), wide_start, wide_every, ierr)
   end subroutine

   subroutine read_1_real32_int64(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int64), intent(in) :: step
      real(real32), intent(inout), target :: values(:)
      integer(int64), intent(in), optional :: start(:), every(:)
      integer, intent(out), optional :: ierr

      call read(archive, variable, step, place_of(values), start, every, ierr)
   end subroutine

   subroutine read_2_real32_int32(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int32), intent(in) :: step
      real(real32), intent(inout), target :: values(:, :)
      integer(int32), intent(in), optional :: start(:), every(:)
      integer, intent(out), optional :: ierr
      integer(int64), allocatable :: wide_start(:), wide_every(:)

      call widen(start, wide_start)
      call widen(every, wide_every)
      call read(archive, variable, int(step, int64), place_of(values), wide_start, wide_every, ierr)
   end subroutine

   subroutine read_2_real32_int64(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int64), intent(in) :: step
      real(real32), intent(inout), target :: values(:, :)
      integer(int64), intent(in), optional :: start(:), every(:)
      integer, intent(out), optional :: ierr

      call read(archive, variable, step, place_of(values), start, every, ierr)
   end subroutine

   subroutine read_3_real32_int32(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int32), intent(in) :: step
      real(real32), intent(inout), target :: values(:, :, :)
      integer(int32), intent(in), optional :: start(:), every(:)
      integer, intent(out), optional :: ierr
      integer(int64), allocatable :: wide_start(:), wide_every(:)

      call widen(start, wide_start)
      call widen(every, wide_every)
      call read(archive, variable, int(step, int64), place_of(values), wide_start, wide_every, ierr)
   end subroutine

   subroutine read_3_real32_int64(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int64), intent(in) :: step
      real(real32), intent(inout), target :: values(:, :, :)
      integer(int64), intent(in), optional :: start(:), every(:)
      integer, intent(out), optional :: ierr

      call read(archive, variable, step, place_of(values), start, every, ierr)
   end subroutine

   subroutine read_1_real64_int32(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int32), intent(in) :: step
      real(real64), intent(inout), target :: values(:)
      integer(int32), intent(in), optional :: start(:), every(:)
      integer, intent(out), optional :: ierr
      integer(int64), allocatable :: wide_start(:), wide_every(:)

      call widen(start, wide_start)
      call widen(every, wide_every)
      call read(archive, variable, int(step, int64), place_of(values), wide_start, wide_every, ierr)
   end subroutine

   subroutine read_1_real64_int64(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int64), intent(in) :: step
      real(real64), intent(inout), target :: values(:)
      integer(int64), intent(in), optional :: start(:), every(:)
      integer, intent(out), optional :: ierr

      call read(archive, variable, step, place_of(values), start, every, ierr)
   end subroutine

   subroutine read_2_real64_int32(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int32), intent(in) :: step
      real(real64), intent(inout), target :: values(:, :)
      integer(int32), intent(in), optional :: start(:), every(:)
      integer, intent(out), optional :: ierr
      integer(int64), allocatable :: wide_start(:), wide_every(:)

      call widen(start, wide_start)
      call widen(every, wide_every)
      call read(archive, variable, int(step, int64), place_of(values), wide_start, wide_every, ierr)
   end subroutine

   subroutine read_2_real64_int64(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int64), intent(in) :: step
      real(real64), intent(inout), target :: values(:, :)
      integer(int64), intent(in), optional :: start(:), every(:)
      integer, intent(out), optional :: ierr

      call read(archive, variable, step, place_of(values), start, every, ierr)
   end subroutine

   subroutine read_3_real64_int32(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int32), intent(in) :: step
      real(real64), intent(inout), target :: values(:, :, :)
      integer(int32), intent(in), optional :: start(:), every(:)
      integer, intent(out), optional :: ierr
      integer(int64), allocatable :: wide_start(:), wide_every(:)

      call widen(start, wide_start)
      call widen(every, wide_every)
      call read(archive, variable, int(step, int64), place_of(values), wide_start, wide_every, ierr)
   end subroutine

   subroutine read_3_real64_int64(archive, variable, step, values, start, every, ierr)
      type(limbeck_archive), intent(in) :: archive
      character(*), intent(in) :: variable
      integer(int64), intent(in) :: step
      real(real64), intent(inout), target :: values(:, :, :)
      integer(int64), intent(in), optional :: start(:), every(:)
      integer, intent(out), optional :: ierr

      call read(archive, variable, step, place_of(values), start, every, ierr)
   end subroutine

end module limbeck_arrays
