// The provider that sign-in is tested against: oidc-provider with its own pages, one client, and accounts by name.
//
// Settings come as JSON on the standard input: {port, clientId, clientSecret, redirectUris, accounts}. An account may
// say how it is bent: `expired` gets tokens that are over, `tampered` ones whose claims were changed after signing.
import { generateKeyPairSync, webcrypto } from "node:crypto";
import process from "node:process";

// What Node 18 lacks, and has elsewhere or by another name.
globalThis.crypto ??= webcrypto;
URL.parse ??= (text, base) => (URL.canParse(text, base) ? new URL(text, base) : null);
const { default: Provider } = await import("oidc-provider");
const { SignJWT } = await import("jose");

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const settings = JSON.parse(Buffer.concat(chunks).toString());
const issuer = `http://127.0.0.1:${settings.port}`;

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const header = { alg: "RS256", kid: "key-of-a-test" };

const provider = new Provider(issuer, {
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), ...header, use: "sig" }] },
  clients: [
    {
      client_id: settings.clientId,
      client_secret: settings.clientSecret,
      redirect_uris: settings.redirectUris,
      response_types: ["code"],
      grant_types: ["authorization_code"],
    },
  ],
  claims: { openid: ["sub", "tid", "roles"], profile: ["name"], email: ["email"] },
  conformIdTokenClaims: false,
  cookies: { keys: ["a key of a test"] },
  pkce: { required: () => true },
  ttl: {
    IdToken: 600,
    AccessToken: 600,
    AuthorizationCode: 60,
    Grant: 600,
    Interaction: 600,
    Session: 600,
  },
  async findAccount(_context, id) {
    const account = settings.accounts[id];
    return account && { accountId: id, claims: async () => ({ sub: id, ...account }) };
  },
});

const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

const tampered = (token) => {
  const [head, , signature] = token.split(".");
  const claims = JSON.stringify({ ...claimsOf(token), roles: ["Credits.Global"] });
  return [head, Buffer.from(claims).toString("base64url"), signature].join(".");
};

const expired = (token) => {
  const claims = claimsOf(token);
  const past = { iat: claims.iat - 7200, exp: claims.iat - 3600 };
  return new SignJWT({ ...claims, ...past }).setProtectedHeader(header).sign(privateKey);
};

provider.use(async (context, next) => {
  await next();
  const token = context.body?.id_token;
  const bend = { tampered, expired }[token && claimsOf(token).sub];
  if (bend) context.body = { ...context.body, id_token: await bend(token) };
});

provider.listen(settings.port, "127.0.0.1", () => console.log("ready"));
