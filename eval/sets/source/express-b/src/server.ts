import { createApp } from './app';
import { config } from './config';

createApp().listen(config.port, () => {
  console.log(`listening on ${config.port}`);
});
