// Calls a method of integrations with googleapis.
//
// Arguments: the server's URL, v1alpha or v2, the method below `projects.locations`, its parameters
// in JSON. Prints one JSON line: what the caller is given, and the header `execution_id`.
const { google } = require('googleapis');

async function main(rootUrl, version, method, parameters) {
  const { locations } = google.integrations({ version, rootUrl }).projects;
  const names = method.split('.');
  const last = names.pop();
  const collection = names.reduce((found, name) => found[name], locations);
  const { data, headers } = await collection[last](JSON.parse(parameters));
  const header = headers.get ? headers.get('execution_id') : headers.execution_id;
  return { data, executionId: header ?? null };
}

main(...process.argv.slice(2)).then((answer) => console.log(JSON.stringify(answer)));
