// An OpenID provider on this machine: what the tests of the gateway ask for tokens. It says where it is on its first line,
// and takes two orders of its own: POST /_rotate signs with a new key and forgets the old one, POST /_break answers
// nothing until it is asked again.
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const resources = {
  'urn:orders': { scope: 'read write', audience: 'orders', accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } },
  'urn:opaque': { scope: 'read', audience: 'orders', accessTokenFormat: 'opaque' },
};
const client = (id, more) => ({
  client_id: id,
  client_secret: `secret of ${id}, long enough`,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  id_token_signed_response_alg: 'ES256',
  ...more,
});

let round = 0;
let isBroken = false;
let answer;
let issuer;

async function rotate() {
  round += 1;
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), use: 'sig', alg: 'ES256', kid: `round-${round}` };
  const provider = new Provider(issuer, {
    clients: [client('app'), client('gateway')],
    jwks: { keys: [key] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, name) => resources[name],
      },
    },
    scopes: ['read', 'write'],
    ttl: { ClientCredentials: 600 },
  });
  answer = provider.callback();
}

const server = createServer(async (request, response) => {
  if (request.method === 'POST' && request.url === '/_rotate') {
    await rotate();
    return response.end('{}');
  }
  if (request.method === 'POST' && request.url === '/_break') {
    isBroken = !isBroken;
    return response.end('{}');
  }
  if (isBroken) {
    response.statusCode = 500;
    return response.end();
  }
  return answer(request, response);
});
server.listen(0, '127.0.0.1', async () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  await rotate();
  console.log(issuer);
});
// The test holds our input open; it is gone when that ends, however it ends.
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
