import fp from 'fastify-plugin';
import cookie from '@fastify/cookie';
import session from '@fastify/session';
import { FastifyReply, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface Session {
    account?: { id: string; roles: string[] };
  }
}

export default fp(async (app) => {
  await app.register(cookie);
  await app.register(session, { secret: process.env.COOKIE_KEY as string });
});

export async function signedIn(req: FastifyRequest, reply: FastifyReply) {
  if (!req.session.account) {
    return reply.status(401).send({ message: 'Sign in to continue' });
  }
}

export function hasRole(role: string) {
  return async (req: FastifyRequest, reply: FastifyReply) => {
    if (!req.session.account?.roles.includes(role)) {
      return reply.status(403).send({ message: 'Forbidden' });
    }
  };
}
