import { Router } from 'express';
import { z } from 'zod';
import jwt from 'jsonwebtoken';
import { config } from '../config';
import { gate } from '../middleware/gate';
import { validate } from '../middleware/validate';
import { wrap } from '../lib/wrap';

const login = z.object({ user: z.string(), pin: z.string().min(6) });

export const sessions = Router();

sessions.post(
  '/',
  validate(login),
  wrap(async (req, res) => {
    const token = jwt.sign({ sub: req.body.user, role: 'desk' }, config.jwtKey, { expiresIn: '8h' });
    res.status(201).json({ token });
  }),
);

sessions.delete('/current', gate, (_req, res) => {
  res.sendStatus(204);
});
