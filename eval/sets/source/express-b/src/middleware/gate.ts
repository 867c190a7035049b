import { RequestHandler } from 'express';
import jwt from 'jsonwebtoken';
import { config } from '../config';
import { HttpError } from './errors';

export interface Staff {
  sub: string;
  role: 'doctor' | 'desk' | 'manager';
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface Request {
      staff?: Staff;
    }
  }
}

export const gate: RequestHandler = (req, _res, next) => {
  const header = req.headers.authorization ?? '';
  const token = header.startsWith('Bearer ') ? header.slice(7) : null;
  if (!token) return next(new HttpError(401, 'missing token'));
  try {
    req.staff = jwt.verify(token, config.jwtKey) as Staff;
    return next();
  } catch {
    return next(new HttpError(401, 'bad token'));
  }
};

export const needsRole =
  (...roles: Staff['role'][]): RequestHandler =>
  (req, _res, next) => {
    if (!req.staff || !roles.includes(req.staff.role)) {
      return next(new HttpError(403, 'not allowed'));
    }
    return next();
  };
