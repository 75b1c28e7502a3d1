import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { configurationVariables, describeConfig, loadConfig, projectRoot } from '../../config.js';

const DATABASE_URL = 'postgres://app:s3cr3t@db:5432/madansara';

const reachable = { PUBLIC_URL: 'https://audience.example.com', SENDGRID_WEBHOOK_KEY: 'TUZrd0V3WUg=' };

describe('the configuration', () => {
  it('needs nothing but a database', () => {
    const config = loadConfig({ DATABASE_URL });
    assert.equal(config.api.port, 8002);
    assert.equal(config.objects.kind, 'directory');
    assert.equal(config.engarde, undefined);
  });

  it('reports every fault at once, in words', () => {
    const broken = { API_PORT: 'eighty', LOG_LEVEL: 'loud', S3_ENDPOINT: 'http://s3:9000', ENGARDE_API_URL: 'https://api.engarde.media' };
    assert.throws(() => loadConfig(broken), {
      message:
        /DATABASE_URL is not set[\s\S]*API_PORT: [\s\S]*LOG_LEVEL: [\s\S]*an S3 store needs S3_ACCESS_KEY_ID[\s\S]*S3_SECRET_ACCESS_KEY[\s\S]*ENGARDE_API_URL needs WALKER_AGENT/,
    });
  });

  it('never repeats a value in a fault, which may be a secret in the wrong place', () => {
    assert.throws(
      () => loadConfig({ DATABASE_URL: 'hunter2', ADMIN_API_KEY: 'short' }),
      (error: Error) => !/hunter2|short/.test(error.message),
    );
  });

  it('takes a variable that is set to nothing as not set', () => {
    assert.equal(loadConfig({ DATABASE_URL, ENGARDE_API_URL: '', API_PORT: '' }).api.port, 8002);
  });

  it('means S3 when an endpoint is named', () => {
    const { objects } = loadConfig({ DATABASE_URL, S3_ENDPOINT: 'http://s3:9000/', S3_ACCESS_KEY_ID: 'a', S3_SECRET_ACCESS_KEY: 'b' });
    assert.deepEqual(objects, {
      kind: 's3',
      bucket: 'madansara-data',
      region: 'us-east-1',
      endpoint: 'http://s3:9000',
      accessKeyId: 'a',
      secretAccessKey: 'b',
    });
  });

  it('is described without a secret or a password', () => {
    const secrets = {
      ADMIN_API_KEY: 'k'.repeat(30),
      S3_SECRET_ACCESS_KEY: 'topsecret',
      WALKER_AGENT_API_KEY_MADANSARA_AUDIENCE_INTELLIGENCE: 'wa_1',
      LEDGER_KEY: Buffer.alloc(32, 7).toString('base64'),
      SENDGRID_API_KEY: 'SG.topsecret',
      ...reachable,
    };
    const shown = describeConfig({ DATABASE_URL, ...secrets })
      .map(({ variable, value }) => `${variable}=${value}`)
      .join('\n');
    assert.match(shown, /DATABASE_URL=postgres:\/\/app:\*{8}@db:5432\/madansara/);
    for (const [variable, secret] of [['DATABASE_URL', 's3cr3t'], ...Object.entries(secrets)] as const) {
      if (!(variable in reachable)) assert.ok(!shown.includes(secret), variable);
    }
  });

  it('sends when it has a provider with all that belongs to it, and says what is missing', () => {
    assert.equal(loadConfig({ DATABASE_URL }).sending, undefined);
    assert.throws(() => loadConfig({ DATABASE_URL, SENDGRID_API_KEY: 'SG.1' }), {
      message: /SENDGRID_API_KEY needs LEDGER_KEY[\s\S]*needs PUBLIC_URL[\s\S]*needs SENDGRID_WEBHOOK_KEY/,
    });
    const ledgerKey = Buffer.alloc(32, 7);
    const { sending } = loadConfig({
      DATABASE_URL,
      SENDGRID_API_KEY: 'SG.1',
      LEDGER_KEY: ledgerKey.toString('base64'),
      ...reachable,
    });
    assert.deepEqual(sending, {
      ledgerKey,
      publicUrl: 'https://audience.example.com',
      mail: { kind: 'sendgrid', apiKey: 'SG.1', apiUrl: 'https://api.sendgrid.com', webhookKey: 'TUZrd0V3WUg=' },
      rates: { whatsapp: 80 },
    });
  });

  it('sends as fast as it is told, and WhatsApp messages as fast as Meta lets one at first; a password of Redis is not shown', () => {
    const sending = { DATABASE_URL, SENDGRID_API_KEY: 'SG.1', LEDGER_KEY: Buffer.alloc(32, 7).toString('base64'), ...reachable };
    const told = { EMAIL_PER_SECOND: '0.5', SMS_PER_SECOND: '10', WHATSAPP_PER_SECOND: '400', REDIS_URL: 'rediss://:s3cr3t@redis:6379' };
    const config = loadConfig({ ...sending, ...told });
    assert.deepEqual(config.sending?.rates, { email: 0.5, sms: 10, whatsapp: 400 });
    assert.equal(config.redisUrl, told.REDIS_URL);
    assert.ok(!JSON.stringify(describeConfig({ ...sending, ...told })).includes('s3cr3t@redis'));
    assert.throws(() => loadConfig({ ...sending, EMAIL_PER_SECOND: '0', REDIS_URL: 'http://redis' }), {
      message: /EMAIL_PER_SECOND: [\s\S]*REDIS_URL: /,
    });
  });

  it('takes replies by mail at an address that nobody can guess, and does not tell it', () => {
    const sending = { DATABASE_URL, SENDGRID_API_KEY: 'SG.1', LEDGER_KEY: Buffer.alloc(32, 7).toString('base64'), ...reachable };
    const secret = 'topsecret-topsecret-topsecret';
    assert.equal(loadConfig({ ...sending, SENDGRID_INBOUND_SECRET: secret }).sending?.inboundSecret, secret);
    assert.ok(!JSON.stringify(describeConfig({ ...sending, SENDGRID_INBOUND_SECRET: secret })).includes('topsecret'));
    assert.throws(() => loadConfig({ ...sending, SENDGRID_INBOUND_SECRET: 'short' }), { message: /SENDGRID_INBOUND_SECRET: at least 24/ });
    assert.throws(() => loadConfig({ DATABASE_URL, SENDGRID_INBOUND_SECRET: secret }), { message: /needs SENDGRID_API_KEY or SMTP_URL/ });
  });

  it('sends texts when it has an account of Twilio beside its mail', () => {
    const sending = { DATABASE_URL, SENDGRID_API_KEY: 'SG.1', LEDGER_KEY: Buffer.alloc(32, 7).toString('base64'), ...reachable };
    const accountSid = `AC${'a'.repeat(32)}`;
    const account = { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: 'topsecret' };
    assert.equal(loadConfig(sending).sending?.twilio, undefined);
    const { sending: found } = loadConfig({ ...sending, ...account });
    assert.deepEqual(found?.twilio, { accountSid, authToken: 'topsecret', apiUrl: 'https://api.twilio.com' });
    assert.throws(() => loadConfig({ ...sending, TWILIO_ACCOUNT_SID: accountSid }), {
      message: /TWILIO_ACCOUNT_SID needs TWILIO_AUTH_TOKEN/,
    });
    assert.throws(() => loadConfig({ ...sending, TWILIO_ACCOUNT_SID: 'AC1' }), { message: /TWILIO_ACCOUNT_SID: AC and 32 hexadecimal/ });
    assert.throws(() => loadConfig({ DATABASE_URL, ...account }), { message: /TWILIO_ACCOUNT_SID needs SENDGRID_API_KEY or SMTP_URL/ });
    assert.ok(!JSON.stringify(describeConfig({ ...sending, ...account })).includes('topsecret'));
    const rehearsal = { ...sending, ...account, CLOCK_SPEED: '2', SENDGRID_API_URL: 'http://127.0.0.1:9' };
    assert.throws(() => loadConfig(rehearsal), { message: /whom Twilio really writes to/ });
    assert.equal(loadConfig({ ...rehearsal, TWILIO_API_URL: 'http://127.0.0.1:9' }).clockSpeed, 2);
  });

  it('sends push messages when it has keys beside its mail, in a rehearsal to the service of that alone', () => {
    const sending = { DATABASE_URL, SENDGRID_API_KEY: 'SG.1', LEDGER_KEY: Buffer.alloc(32, 7).toString('base64'), ...reachable };
    const key = Buffer.alloc(32, 5).toString('base64url');
    const push = { VAPID_PRIVATE_KEY: key, VAPID_SUBJECT: 'mailto:push@example.com' };
    assert.equal(loadConfig(sending).sending?.push, undefined);
    const found = loadConfig({ ...sending, ...push }).sending?.push;
    assert.deepEqual([found?.vapid.privateKey, found?.vapid.subject, found?.service], [key, 'mailto:push@example.com', undefined]);
    assert.ok(!JSON.stringify(describeConfig({ ...sending, ...push })).includes(key));
    for (const alone of [{ VAPID_PRIVATE_KEY: key }, { VAPID_SUBJECT: push.VAPID_SUBJECT }]) {
      assert.throws(() => loadConfig({ ...sending, ...alone }), { message: /VAPID_PRIVATE_KEY and VAPID_SUBJECT go together/ });
    }
    for (const wrong of ['x', Buffer.alloc(32).toString('base64url'), Buffer.alloc(31, 5).toString('base64url')]) {
      assert.throws(() => loadConfig({ ...sending, ...push, VAPID_PRIVATE_KEY: wrong }), { message: /a private key of P-256/ });
    }
    assert.throws(() => loadConfig({ ...sending, ...push, VAPID_SUBJECT: 'push@example.com' }), { message: /VAPID_SUBJECT: mailto:/ });
    assert.throws(() => loadConfig({ DATABASE_URL, ...push }), { message: /VAPID_PRIVATE_KEY needs SENDGRID_API_KEY or SMTP_URL/ });
    const rehearsal = { ...sending, ...push, CLOCK_SPEED: '2', SENDGRID_API_URL: 'http://127.0.0.1:9' };
    assert.throws(() => loadConfig(rehearsal), { message: /to which push messages are really sent/ });
    const service = { PUSH_SERVICE_URL: 'https://127.0.0.1:8444/', PUSH_SERVICE_CERTIFICATE: Buffer.from('PEM').toString('base64') };
    assert.deepEqual(loadConfig({ ...rehearsal, ...service }).sending?.push?.service, {
      origin: 'https://127.0.0.1:8444',
      certificate: 'PEM',
    });
    assert.throws(() => loadConfig({ ...rehearsal, PUSH_SERVICE_URL: service.PUSH_SERVICE_URL }), {
      message: /needs PUSH_SERVICE_CERTIFICATE/,
    });
  });

  it('sends social messages when it has an app of Meta beside its mail', () => {
    const sending = { DATABASE_URL, SENDGRID_API_KEY: 'SG.1', LEDGER_KEY: Buffer.alloc(32, 7).toString('base64'), ...reachable };
    const app = { META_APP_SECRET: 'topsecret', META_VERIFY_TOKEN: 'topsecret-and-long' };
    assert.equal(loadConfig(sending).sending?.meta, undefined);
    assert.deepEqual(loadConfig({ ...sending, ...app }).sending?.meta, {
      appSecret: 'topsecret',
      verifyToken: 'topsecret-and-long',
      apiUrl: 'https://graph.facebook.com/v24.0',
    });
    assert.throws(() => loadConfig({ ...sending, META_APP_SECRET: 'x' }), { message: /META_APP_SECRET needs META_VERIFY_TOKEN/ });
    assert.throws(() => loadConfig({ ...sending, ...app, META_VERIFY_TOKEN: 'short' }), { message: /META_VERIFY_TOKEN: at least 16/ });
    assert.throws(() => loadConfig({ DATABASE_URL, ...app }), { message: /META_APP_SECRET needs SENDGRID_API_KEY or SMTP_URL/ });
    assert.ok(!JSON.stringify(describeConfig({ ...sending, ...app })).includes('topsecret'));
    const rehearsal = { ...sending, ...app, CLOCK_SPEED: '2', SENDGRID_API_URL: 'http://127.0.0.1:9' };
    assert.throws(() => loadConfig(rehearsal), { message: /whom Meta really writes to/ });
    assert.equal(loadConfig({ ...rehearsal, META_API_URL: 'http://127.0.0.1:9' }).clockSpeed, 2);
  });

  it('sends mail by one way, SendGrid or an SMTP server, and says nothing of its password', () => {
    const url = 'smtps://shop:topsecret@mail.example.com';
    const smtp = { DATABASE_URL, SMTP_URL: url, LEDGER_KEY: Buffer.alloc(32, 7).toString('base64'), PUBLIC_URL: reachable.PUBLIC_URL };
    const login = { user: 'shop', password: 'topsecret' };
    assert.deepEqual(loadConfig(smtp).sending, {
      ledgerKey: Buffer.alloc(32, 7),
      publicUrl: 'https://audience.example.com',
      mail: { kind: 'smtp', server: { host: 'mail.example.com', port: 465, secure: true, requireTls: false, login } },
      rates: { whatsapp: 80 },
    });
    assert.ok(!JSON.stringify(describeConfig(smtp)).includes('topsecret'));
    assert.throws(() => loadConfig({ ...smtp, ...reachable, SENDGRID_API_KEY: 'SG.1' }), {
      message: /SENDGRID_API_KEY and SMTP_URL are both set: mail goes one way/,
    });
    assert.throws(() => loadConfig({ DATABASE_URL, SMTP_URL: url }), {
      message: /SMTP_URL needs LEDGER_KEY[\s\S]*SMTP_URL needs PUBLIC_URL/,
    });
    for (const SMTP_URL of ['https://a:topsecret@b', 'smtp://topsecret@b', 'smtp://a:topsecret@b/c']) {
      assert.throws(
        () => loadConfig({ ...smtp, SMTP_URL }),
        ({ message }: Error) => /SMTP_URL: /.test(message) && !message.includes('topsecret'),
      );
    }
    assert.throws(() => loadConfig({ ...smtp, CLOCK_SPEED: '2' }), { message: /whom a mail server really writes to/ });
    assert.equal(loadConfig({ ...smtp, CLOCK_SPEED: '2', SMTP_URL: 'smtp://127.0.0.1:2525' }).clockSpeed, 2);
    const account = { TWILIO_ACCOUNT_SID: `AC${'a'.repeat(32)}`, TWILIO_AUTH_TOKEN: 'x' };
    assert.ok(loadConfig({ ...smtp, ...account }).sending?.twilio);
  });

  it('lets clocks run faster against a sandbox alone', () => {
    const sending = { DATABASE_URL, SENDGRID_API_KEY: 'SG.1', LEDGER_KEY: Buffer.alloc(32, 7).toString('base64'), ...reachable };
    assert.equal(loadConfig(sending).clockSpeed, 1);
    assert.equal(loadConfig({ ...sending, CLOCK_SPEED: '17280', SENDGRID_API_URL: 'http://127.0.0.1:9' }).clockSpeed, 17_280);
    assert.throws(() => loadConfig({ ...sending, CLOCK_SPEED: '2' }), { message: /CLOCK_SPEED is for rehearsals/ });
    const inEurope = { ...sending, CLOCK_SPEED: '2', SENDGRID_API_URL: 'https://api.eu.sendgrid.com' };
    assert.throws(() => loadConfig(inEurope), { message: /CLOCK_SPEED is for rehearsals/ });
  });

  it('has every variable in .env.example, and no other there', async () => {
    const example = await readFile(join(projectRoot, '.env.example'), 'utf8');
    const named = [...example.matchAll(/^#? ?([A-Z][A-Z0-9_]+)=/gm)].map((match) => match[1] ?? '');
    assert.deepEqual(named.toSorted(), [...configurationVariables].sort());
  });
});
