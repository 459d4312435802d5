!> Which values of a variable are read: start and distances as C has them, the slowest dimension first.
module limbeck_regions
   use, intrinsic :: iso_c_binding, only: c_int64_t
   use, intrinsic :: iso_fortran_env, only: int64
   implicit none
   private

   !> Largest rank that Fortran has, so that any array gets as far as to the library's own message.
   integer, parameter :: LARGEST = 15

   type, public :: region
      integer :: rank = 0 !< of the array that is read into
      integer(c_int64_t) :: start(LARGEST) = 0
      integer(c_int64_t) :: every(LARGEST) = 1
      logical :: fits = .true.        !< start and every have as many numbers as the array dimensions
      integer :: given = 0            !< numbers of the one that does not
   contains
      procedure :: from
      procedure :: every_nth
      procedure :: message
   end type

contains

   subroutine from(self, start)
      class(region), intent(inout) :: self
      integer(int64), intent(in) :: start(:)

      call take(self, start, self%start)
   end subroutine

   subroutine every_nth(self, every)
      class(region), intent(inout) :: self
      integer(int64), intent(in) :: every(:)

      call take(self, every, self%every)
   end subroutine

   subroutine take(self, numbers, into)
      class(region), intent(inout) :: self
      integer(int64), intent(in) :: numbers(:)
      integer(c_int64_t), intent(inout) :: into(:)
      integer :: n

      n = size(numbers)
      if (n /= self%rank) then
         self%fits = .false.
         self%given = n
      else
         into(1:n) = int(numbers(n:1:-1), c_int64_t)
      end if
   end subroutine

   !> What is wrong with a region that does not fit.
   function message(self) result(text)
      class(region), intent(in) :: self
      character(:), allocatable :: text
      character(120) :: line

      write (line, '(2(a, i0))') 'lbk_archive_read: the array has rank ', self%rank, '; start or every has size ', self%given
      text = trim(line)
   end function
end module limbeck_regions
