!> Which values of a variable are read: start and distances as C has them, the slowest dimension first.
module limbeck_regions
   use, intrinsic :: iso_c_binding, only: c_int64_t
   use, intrinsic :: iso_fortran_env, only: int64
   implicit none
   private

   public :: region_from, region_every, region_fault

   !> Largest rank that Fortran has, so that any array gets as far as to the library's own message.
   integer, parameter :: LARGEST = 15

   type, public :: region
      integer :: rank = 0 !< of the array that is read into
      integer(c_int64_t) :: start(LARGEST) = 0
      integer(c_int64_t) :: every(LARGEST) = 1
      logical :: fits = .true.        !< start and every have as many numbers as the array dimensions
      integer :: given = 0            !< numbers of the one that does not
   end type

contains

   subroutine region_from(box, start)
      type(region), intent(inout) :: box
      integer(int64), intent(in) :: start(:)

      box%fits = box%fits .and. size(start) == box%rank
      if (size(start) /= box%rank) box%given = size(start)
      if (box%fits) box%start(1:box%rank) = int(start(box%rank:1:-1), c_int64_t)
   end subroutine

   subroutine region_every(box, every)
      type(region), intent(inout) :: box
      integer(int64), intent(in) :: every(:)

      box%fits = box%fits .and. size(every) == box%rank
      if (size(every) /= box%rank) box%given = size(every)
      if (box%fits) box%every(1:box%rank) = int(every(box%rank:1:-1), c_int64_t)
   end subroutine

   !> What is wrong with a region that does not fit.
   function region_fault(box) result(text)
      type(region), intent(in) :: box
      character(:), allocatable :: text
      character(120) :: line

      write (line, '(2(a, i0))') 'lbk_archive_read: the array has rank ', box%rank, '; start or every has size ', box%given
      text = trim(line)
   end function
end module limbeck_regions
