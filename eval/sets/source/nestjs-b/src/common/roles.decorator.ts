import { SetMetadata } from '@nestjs/common';

export type Role = 'shipper' | 'dispatcher' | 'accountant';
export const ROLES = 'roles';
export const Roles = (...roles: Role[]) => SetMetadata(ROLES, roles);
