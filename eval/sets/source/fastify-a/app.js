import Fastify from 'fastify';
import cors from '@fastify/cors';
import jwt from '@fastify/jwt';
import rateLimit from '@fastify/rate-limit';

export function build(opts = {}) {
  const fastify = Fastify(opts);

  fastify.register(cors, { origin: /\.example\.com$/ });
  fastify.register(rateLimit, { max: 100, timeWindow: '1 minute' });
  fastify.register(jwt, { secret: process.env.JWT_SECRET });

  fastify.decorate('riderOnly', async function (request, reply) {
    try {
      await request.jwtVerify();
    } catch (err) {
      reply.code(401).send({ error: 'token required' });
    }
  });

  async function mechanicOnly(request, reply) {
    if (request.user?.kind !== 'mechanic') {
      return reply.code(403).send({ error: 'mechanics only' });
    }
  }

  async function countHit(request) {
    request.log.info({ url: request.url }, 'hit');
  }

  fastify.addHook('onRequest', countHit);

  fastify.get('/health', async () => ({ status: 'up' }));

  fastify.post('/login', {
    schema: {
      body: {
        type: 'object',
        required: ['email', 'code'],
        properties: { email: { type: 'string' }, code: { type: 'string' } },
      },
    },
  }, async (request) => {
    const token = fastify.jwt.sign({ email: request.body.email, kind: 'rider' });
    return { token };
  });

  fastify.after(() => {
    const member = { preHandler: [fastify.riderOnly] };
    const mechanic = { onRequest: [fastify.riderOnly, mechanicOnly] };

    // Stations can be seen by anybody
    fastify.get('/stations', async () => []);
    fastify.get('/stations/:code', async (request) => ({ code: request.params.code }));
    fastify.get('/stations/:code/docks/:dock(^\\d+$)', async (request) => request.params);

    fastify.post('/stations', mechanic, async (request, reply) => {
      reply.code(201);
      return request.body;
    });

    fastify.route({
      method: ['PUT', 'PATCH'],
      url: '/stations/:code',
      onRequest: [fastify.riderOnly, mechanicOnly],
      handler: async (request) => request.body,
    });

    fastify.route({
      method: 'DELETE',
      url: '/stations/:code',
      ...mechanic,
      handler: async (request, reply) => {
        reply.code(204).send();
      },
    });

    // Rides
    fastify.post('/rides', member, async (request, reply) => reply.code(201).send({ bike: request.body.bike }));
    fastify.get('/rides/:rideId', member, async (request) => ({ id: request.params.rideId }));
    fastify.post('/rides/:rideId/finish', { preValidation: fastify.riderOnly }, async () => ({ done: true }));
    fastify.get('/rides', { preHandler: fastify.riderOnly, schema: { querystring: { limit: { type: 'integer' } } } }, async () => []);

    fastify.get('/prices', { config: { rateLimit: { max: 10 } } }, async () => ({ unlock: 1, minute: 0.2 }));

    // fastify.get('/bikes', async () => []);
    fastify.get('/bikes/:bikeId', async (request) => ({ id: request.params.bikeId }));
    fastify.post('/bikes/:bikeId/faults', member, async (request, reply) => {
      reply.code(202);
      return { queued: true };
    });
    fastify.head('/bikes/:bikeId/ping', async (request, reply) => reply.send());
  });

  return fastify;
}
