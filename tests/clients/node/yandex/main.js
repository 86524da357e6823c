// A program as users of the vendor's Node SDK write it: the scenarios of `yandex.py`.
'use strict';

const fs = require('fs');
const { Session, waitForOperation } = require('@yandex-cloud/nodejs-sdk');
const { trigger, triggerService } = require('@yandex-cloud/nodejs-sdk/serverless-triggers-v1');
const { Metadata, Status } = require('nice-grpc');

const { Trigger, Trigger_Status: TriggerStatus } = trigger;
const { env } = process;

const tell = (step, seen) => console.log(JSON.stringify({ step, ...seen }));

const credential = () => {
  if (env.KEY_FILE) {
    const key = JSON.parse(fs.readFileSync(env.KEY_FILE));
    return {
      serviceAccountJson: {
        serviceAccountId: key.service_account_id,
        accessKeyId: key.id,
        privateKey: key.private_key,
      },
    };
  }
  return env.OAUTH_TOKEN ? { oauthToken: env.OAUTH_TOKEN } : { iamToken: env.IAM_TOKEN };
};

// Without an ENDPOINT it goes to the addresses that are built into the SDK.
const session = new Session({
  ...credential(),
  ...(env.CA_FILE && { ssl: { rootCerts: fs.readFileSync(env.CA_FILE) } }),
});
const client = session.client(triggerService.TriggerServiceClient, env.ENDPOINT);

const wait = (operation) => waitForOperation(operation, session, 30000, env.ENDPOINT);

const timer = (cronExpression) => ({
  timer: { cronExpression, invokeFunctionWithRetry: { functionId: 'd4efunction' } },
});

const shown = (found) => ({
  id: found.id,
  folder: found.folderId,
  name: found.name,
  description: found.description,
  labels: found.labels,
  status: TriggerStatus[found.status],
  cron: found.rule.timer.cronExpression,
  function: found.rule.timer.invokeFunctionWithRetry.functionId,
});

const creation = (fields) => triggerService.CreateTriggerRequest.fromPartial({
  folderId: env.FOLDER,
  ...fields,
});

// The SDK leaves it to its users to unpack what an operation carries.
const unpack = (any, type, name) => {
  if (any.typeUrl !== `type.googleapis.com/yandex.cloud.serverless.triggers.v1.${name}`) {
    throw new Error(`${any.typeUrl} is not ${name}`);
  }
  return type.decode(any.value);
};

const change = async (method, request, name = method) => {
  const operation = await wait(await client[method[0].toLowerCase() + method.slice(1)](request));
  const metadata = `${method}TriggerMetadata`;
  const { triggerId } = unpack(operation.metadata, triggerService[metadata], metadata);
  const changed = method === 'Delete' ? {} : {
    trigger: shown(unpack(operation.response, Trigger, 'Trigger')),
  };
  tell(name.toLowerCase(), { metadata: triggerId, ...changed });
  return triggerId;
};

const pages = async () => {
  const names = [];
  let pageToken = '';
  do {
    const page = await client.list(triggerService.ListTriggersRequest.fromPartial({
      folderId: env.FOLDER, pageSize: 1, pageToken,
    }));
    names.push(...page.triggers.map((each) => each.name));
    pageToken = page.nextPageToken;
  } while (pageToken);
  return names;
};

const twoWithOneKey = async () => {
  const metadata = new Metadata({ 'idempotency-key': `node-${env.FOLDER}` });
  const request = creation({ name: 'once', rule: timer('* * * * ? *') });
  const first = await client.create(request, { metadata });
  const second = await client.create(request, { metadata });
  return [first.id, second.id];
};

const scenarios = {
  async lifecycle() {
    const triggerId = await change('Create', creation({
      name: 'nightly',
      description: 'made',
      labels: { team: 'night' },
      rule: timer('0 3 * * ? *'),
    }));
    const another = creation({ name: 'hourly', rule: timer('0 * ? * * *') });
    await change('Create', another, 'create another');

    const got = await client.get(triggerService.GetTriggerRequest.fromPartial({ triggerId }));
    tell('get', { trigger: shown(got) });
    const named = await client.list(triggerService.ListTriggersRequest.fromPartial({
      folderId: env.FOLDER, filter: 'name = "nightly"',
    }));
    tell('list by name', { ids: named.triggers.map((each) => each.id) });
    tell('list by pages', { names: await pages() });

    await change('Update', triggerService.UpdateTriggerRequest.fromPartial({
      triggerId, description: 'changed', updateMask: { paths: ['description'] },
    }));
    await change('Pause', triggerService.PauseTriggerRequest.fromPartial({ triggerId }));
    await change('Resume', triggerService.ResumeTriggerRequest.fromPartial({ triggerId }));

    const { operations } = await client.listOperations(
      triggerService.ListTriggerOperationsRequest.fromPartial({ triggerId }),
    );
    tell('list operations', {
      metadata: operations.map((each) => each.metadata.typeUrl.split('/').pop()),
    });
    tell('create twice', { operations: await twoWithOneKey() });
    await change('Delete', triggerService.DeleteTriggerRequest.fromPartial({ triggerId }));
  },

  async refusals() {
    const refused = async (step, method, request) => {
      try {
        await client[method](request);
        tell(step, { code: 'OK' });
      } catch (error) {
        tell(step, { code: Status[error.code], message: error.details });
      }
    };
    const create = (step, fields) => refused(
      step, 'create', triggerService.CreateTriggerRequest.fromPartial(fields),
    );
    const folderId = env.FOLDER;
    const rule = timer('0 3 * * ? *');
    await create('taken for the first time', { folderId, name: 'taken', rule });
    await create('taken name', { folderId, name: 'taken', rule });
    await create('no folder', { name: 'homeless', rule });
    await create('no rule', { folderId, name: 'aimless' });
    await create('bad cron', { folderId, name: 'timeless', rule: timer('whenever') });
    const triggerId = 'a1s00000000000000non';
    await refused('unknown path', 'update', triggerService.UpdateTriggerRequest.fromPartial({
      triggerId, updateMask: { paths: ['nothing_of_that_name'] },
    }));
    for (const method of ['Get', 'Update', 'Delete', 'Pause', 'Resume']) {
      const request = triggerService[`${method}TriggerRequest`].fromPartial({ triggerId });
      await refused(`${method.toLowerCase()} what is not there`, method.toLowerCase(), request);
    }
  },

  // One call, as whoever the credential says.
  async ask() {
    try {
      const { triggers } = await client.list(
        triggerService.ListTriggersRequest.fromPartial({ folderId: env.FOLDER }),
      );
      tell('ask', { code: 'OK', names: triggers.map((each) => each.name) });
    } catch (error) {
      tell('ask', { code: Status[error.code], message: error.details });
    }
  },

  // The trigger service is behind a network that loses an answer.
  async lost_answer() {
    const behind = session.client(triggerService.TriggerServiceClient, env.LOSING_ENDPOINT);
    const operation = await wait(await behind.create(
      creation({ name: 'lost', rule: timer('0 3 * * ? *') }),
      {
        metadata: new Metadata({ 'idempotency-key': `node-${env.FOLDER}` }),
        retry: true,
        retryMaxAttempts: 3,
        retryBaseDelayMs: 100,
      },
    ));
    const created = unpack(operation.response, Trigger, 'Trigger');
    tell('create', { metadata: created.id, trigger: shown(created) });
  },

  // Each client of the session, and each wait, opens a connection of its own, and none is closed.
  async many_connections() {
    const request = triggerService.ListTriggersRequest.fromPartial({ folderId: env.FOLDER });
    const clients = Array.from({ length: 100 }, () => session.client(
      triggerService.TriggerServiceClient, env.ENDPOINT,
    ));
    const pagesFound = await Promise.all(clients.map((each) => each.list(request)));
    tell('list', { answered: pagesFound.length });
  },
};

// The channels stay open, so nothing but this ends the program.
scenarios[process.argv[2]]().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
