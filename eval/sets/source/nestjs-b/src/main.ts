import { NestFactory } from '@nestjs/core';
import { RequestMethod, ValidationPipe, VersioningType } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { AppModule } from './app.module';

async function bootstrap() {
  const app = await NestFactory.create(AppModule, { bufferLogs: true });

  app.setGlobalPrefix('api', { exclude: [{ path: 'healthz', method: RequestMethod.GET }] });
  app.enableVersioning({ type: VersioningType.URI });
  app.useGlobalPipes(new ValidationPipe({ transform: true }));

  const doc = SwaggerModule.createDocument(app, new DocumentBuilder().setTitle('Freight').addBearerAuth().build());
  SwaggerModule.setup('docs', app, doc);

  await app.listen(process.env.PORT ?? 8080);
}

void bootstrap();
