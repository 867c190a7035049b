import { buildApp } from './app';

buildApp({ logger: true })
  .then((app) => app.listen({ port: 4000 }))
  .catch((err) => {
    console.error(err);
    process.exit(1);
  });
