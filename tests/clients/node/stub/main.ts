// Calls Tocsin with stubs that were generated from its protos.
//
// Arguments: the gRPC server's address, a folder's id. Prints two JSON lines: the trigger that was
// created and read again, and what became of a request that breaks rules.
import { promisify } from "node:util";

import { credentials, type ServiceError } from "@grpc/grpc-js";

import { BadRequest } from "./gen/google/rpc/error_details.js";
import { Status } from "./gen/google/rpc/status.js";
import type { Operation } from "./gen/yandex/cloud/operation/operation.js";
import { Trigger } from "./gen/yandex/cloud/serverless/triggers/v1/trigger.js";
import {
  CreateTriggerMetadata,
  CreateTriggerRequest,
  GetTriggerRequest,
  TriggerServiceClient,
} from "./gen/yandex/cloud/serverless/triggers/v1/trigger_service.js";

const [address, folderId] = process.argv.slice(2);
const client = new TriggerServiceClient(address, credentials.createInsecure());
const create = promisify<CreateTriggerRequest, Operation>(client.create.bind(client));
const get = promisify<GetTriggerRequest, Trigger>(client.get.bind(client));

async function roundTrip() {
  const invokeFunction = { functionId: "d4e00000000000000001" };
  const rule = { timer: { cronExpression: "* * * * ? *", invokeFunction } };
  const operation = await create(
    CreateTriggerRequest.fromPartial({ folderId, name: "by-typescript", rule }),
  );
  const { triggerId } = CreateTriggerMetadata.decode(operation.metadata!.value);
  const found = await get({ triggerId });
  return { name: found.name, cron: found.rule?.timer?.cronExpression };
}

async function refusal() {
  try {
    await create(CreateTriggerRequest.fromPartial({ name: "Bad Name" }));
  } catch (error) {
    const { code, metadata } = error as ServiceError;
    const status = Status.decode(metadata.get("grpc-status-details-bin")[0] as Buffer);
    const detail = status.details.find(({ typeUrl }) => typeUrl.endsWith("/google.rpc.BadRequest"));
    const { fieldViolations } = BadRequest.decode(detail!.value);
    return { code, fields: fieldViolations.map(({ field }) => field) };
  }
}

console.log(JSON.stringify(await roundTrip()));
console.log(JSON.stringify(await refusal()));
client.close();
