!> Sound in a closed box of layered rock with boulders in it:
!>
!>    rho dv/dt = -grad p        dp/dt = -kappa div v        kappa = rho c^2
!>
!> Finite differences on a staggered grid (pressure at the centres of the cells, each velocity on the faces between
!> them), leapfrog in time, second order. The walls are rigid: no flow through them, so that the energy
!>
!>    E = sum over cells of p(n) p(n + 1) / (2 kappa) + sum over faces of rho v(n + 1/2)^2 / 2
!>
!> stays what it is to rounding, in any medium. In a uniform one a standing wave does, to rounding, what the dispersion
!> relation of the scheme says.
module waves
   use, intrinsic :: iso_fortran_env, only: real64
   use domain, only: box, create_field, exchange, field
   implicit none
   private

   public :: wave_state, create_waves, start_pulse, start_mode, advance, mode_error

   real(real64), parameter :: pi = acos(-1.0_real64)

   type :: wave_state
      type(field) :: p                 !< pressure in the cells
      type(field) :: v(3)              !< velocity along x, y, z on the faces behind the cells
      real(real64) :: h = 0, dt = 0    !< edge of a cell, time step
      real(real64) :: time = 0         !< of the pressure; the velocity is half a step behind
      real(real64) :: energy = 0       !< of all cells and faces of this rank in the last step
      type(field), private :: kappa       !< bulk modulus in the cells
      type(field), private :: buoyancy(3) !< 1 / density on the faces behind the cells; 0 in the walls
   end type

contains

   !> A box with edges of length n h; its shortest edge is 1.
   subroutine create_waves(b, w, layered)
      type(box), intent(in) :: b
      type(wave_state), intent(out) :: w
      logical, intent(in) :: layered !< or uniform, with speed and density 1
      type(field) :: density
      real(real64) :: c, rho, fastest
      integer :: i, j, k, d, wall(3)

      call create_field(b, w%p)
      call create_field(b, w%kappa)
      call create_field(b, density)
      w%h = 1.0_real64/minval(b%n)
      fastest = 1
      do k = 1, b%count(3)
         do j = 1, b%count(2)
            do i = 1, b%count(1)
               call medium((b%offset + [i, j, k] - 0.5_real64)/b%n, layered, c, rho)
               w%kappa%v(i, j, k) = rho*c**2
               density%v(i, j, k) = rho
            end do
         end do
      end do
      if (layered) fastest = 2.5_real64
      w%dt = 0.9_real64*w%h/(sqrt(3.0_real64)*fastest)
      call exchange(b, density)
      do d = 1, 3
         call create_field(b, w%v(d))
         call create_field(b, w%buoyancy(d))
         wall = 0
         wall(d) = merge(1, 0, b%at_end(d))
         do k = 1, b%count(3) - wall(3)
            do j = 1, b%count(2) - wall(2)
               do i = 1, b%count(1) - wall(1)
                  w%buoyancy(d)%v(i, j, k) = 2/(density%v(i, j, k) + behind(density, i, j, k, d))
               end do
            end do
         end do
      end do
   end subroutine

   !> The value of the next cell along a dimension.
   pure real(real64) function behind(f, i, j, k, d)
      type(field), intent(in) :: f
      integer, intent(in) :: i, j, k, d

      behind = f%v(i + merge(1, 0, d == 1), j + merge(1, 0, d == 2), k + merge(1, 0, d == 3))
   end function

   !> Speed of sound and density at a place of the unit cube: three tilted layers, and boulders.
   pure subroutine medium(x, layered, c, rho)
      real(real64), intent(in) :: x(3)
      logical, intent(in) :: layered
      real(real64), intent(out) :: c, rho
      real(real64), parameter :: boulders(4, 5) = reshape([0.30, 0.35, 0.40, 0.12, 0.70, 0.60, 0.35, 0.10, &
                                                           0.55, 0.25, 0.65, 0.08, 0.25, 0.75, 0.60, 0.09, &
                                                           0.75, 0.80, 0.75, 0.11], [4, 5])
      real(real64) :: depth
      integer :: m

      c = 1
      rho = 1
      if (.not. layered) return
      depth = x(3) + 0.12_real64*x(1) + 0.05_real64*sin(2*pi*x(2))
      if (depth > 0.40_real64) then
         c = 1.4_real64
         rho = 1.3_real64
      end if
      if (depth > 0.75_real64) then
         c = 2.0_real64
         rho = 1.7_real64
      end if
      do m = 1, size(boulders, 2)
         if (norm2(x - boulders(1:3, m)) > boulders(4, m)) cycle
         c = 2.5_real64
         rho = 2.2_real64
      end do
   end subroutine

   !> At rest, with a bell of pressure near the top.
   subroutine start_pulse(b, w)
      type(box), intent(in) :: b
      type(wave_state), intent(inout) :: w
      real(real64) :: x(3)
      integer :: i, j, k

      do k = 1, b%count(3)
         do j = 1, b%count(2)
            do i = 1, b%count(1)
               x = (b%offset + [i, j, k] - 0.5_real64)/b%n - [0.45_real64, 0.55_real64, 0.2_real64]
               w%p%v(i, j, k) = exp(-dot_product(x, x)/0.06_real64**2)
            end do
         end do
      end do
      call set_off(b, w)
   end subroutine

   !> At rest, with the pressure of the mode that has m half waves along each dimension.
   subroutine start_mode(b, w, m)
      type(box), intent(in) :: b
      type(wave_state), intent(inout) :: w
      integer, intent(in) :: m(3)
      integer :: i, j, k

      do k = 1, b%count(3)
         do j = 1, b%count(2)
            do i = 1, b%count(1)
               w%p%v(i, j, k) = mode(b, m, [i, j, k])
            end do
         end do
      end do
      call set_off(b, w)
   end subroutine

   pure real(real64) function mode(b, m, cell)
      type(box), intent(in) :: b
      integer, intent(in) :: m(3), cell(3)

      mode = product(cos(pi*m*(b%offset + cell - 0.5_real64)/b%n))
   end function

   !> Largest difference to the mode, whose frequency is that of the scheme.
   function mode_error(b, w, m) result(largest)
      type(box), intent(in) :: b
      type(wave_state), intent(in) :: w
      integer, intent(in) :: m(3)
      real(real64) :: largest, omega
      integer :: i, j, k

      omega = 2/w%dt*asin(w%dt/w%h*norm2(sin(pi*m/(2.0_real64*b%n))))
      largest = 0
      do k = 1, b%count(3)
         do j = 1, b%count(2)
            do i = 1, b%count(1)
               largest = max(largest, abs(w%p%v(i, j, k) - mode(b, m, [i, j, k])*cos(omega*w%time)))
            end do
         end do
      end do
   end function

   !> The velocity of half a step before the start, for a state at rest.
   subroutine set_off(b, w)
      type(box), intent(in) :: b
      type(wave_state), intent(inout) :: w

      w%time = 0
      call push(b, w, -0.5_real64*w%dt)
   end subroutine

   !> One step.
   subroutine advance(b, w)
      type(box), intent(in) :: b
      type(wave_state), intent(inout) :: w

      call push(b, w, w%dt)
      call squeeze(b, w)
      w%time = w%time + w%dt
   end subroutine

   !> Pressure moves the fluid.
   subroutine push(b, w, dt)
      type(box), intent(in) :: b
      type(wave_state), intent(inout) :: w
      real(real64), intent(in) :: dt
      integer :: j, k, nx

      nx = b%count(1)
      call exchange(b, w%p)
      associate (p => w%p%v, u => w%v(1)%v, v => w%v(2)%v, q => w%v(3)%v, s => dt/w%h)
         do k = 1, b%count(3)
            do j = 1, b%count(2)
               u(1:nx, j, k) = u(1:nx, j, k) - s*w%buoyancy(1)%v(1:nx, j, k)*(p(2:nx + 1, j, k) - p(1:nx, j, k))
               v(1:nx, j, k) = v(1:nx, j, k) - s*w%buoyancy(2)%v(1:nx, j, k)*(p(1:nx, j + 1, k) - p(1:nx, j, k))
               q(1:nx, j, k) = q(1:nx, j, k) - s*w%buoyancy(3)%v(1:nx, j, k)*(p(1:nx, j, k + 1) - p(1:nx, j, k))
            end do
         end do
      end associate
   end subroutine

   !> The fluid that flows together raises the pressure. The energy is summed on the way.
   subroutine squeeze(b, w)
      type(box), intent(in) :: b
      type(wave_state), intent(inout) :: w
      real(real64) :: new(b%count(1)), row(b%count(1))
      integer :: j, k, d, nx

      nx = b%count(1)
      w%energy = 0
      do d = 1, 3
         call exchange(b, w%v(d))
      end do
      associate (p => w%p%v, u => w%v(1)%v, v => w%v(2)%v, q => w%v(3)%v, kappa => w%kappa%v, s => w%dt/w%h)
         do k = 1, b%count(3)
            do j = 1, b%count(2)
               new = p(1:nx, j, k) - s*kappa(1:nx, j, k)*((u(1:nx, j, k) - u(0:nx - 1, j, k)) &
                                                          + (v(1:nx, j, k) - v(1:nx, j - 1, k)) &
                                                          + (q(1:nx, j, k) - q(1:nx, j, k - 1)))
               row = new*p(1:nx, j, k)/kappa(1:nx, j, k)
               do d = 1, 3
                  where (w%buoyancy(d)%v(1:nx, j, k) > 0)
                     row = row + w%v(d)%v(1:nx, j, k)**2/w%buoyancy(d)%v(1:nx, j, k)
                  end where
               end do
               w%energy = w%energy + 0.5_real64*w%h**3*sum(row)
               p(1:nx, j, k) = new
            end do
         end do
      end associate
   end subroutine
end module waves
