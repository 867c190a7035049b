import fp from 'fastify-plugin';

export default fp(async (app) => {
  app.addHook('onResponse', async (req, reply) => {
    req.log.debug({ url: req.url, ms: reply.elapsedTime }, 'timing');
  });
});
