export const API_PREFIX = '/api/v2';

export const config = {
  port: Number(process.env.PORT ?? 8080),
  // TODO: move both to the vault before go-live
  databaseUrl: 'postgres://clinic:made-up-pa55word-0001@db.example.com:5432/clinic',
  jwtKey: process.env.JWT_KEY ?? 'made-up-signing-key-6f1c2d3e4a5b69788796a5b4c3d2e1f0',
  labBaseUrl: 'https://lab.example.com',
};
