// Schedules an integration with googleapis.
//
// Arguments: the server's URL, the integration's name, the request in JSON.
// Prints one JSON line: the response, or the error as its caller sees it.
const { google, Common } = require('googleapis');

async function main(rootUrl, name, request) {
  const { locations } = google.integrations({ version: 'v1alpha', rootUrl }).projects;
  const collection = name.includes('/products/') ? locations.products : locations;
  try {
    const { data } = await collection.integrations.schedule({
      name,
      requestBody: JSON.parse(request),
    });
    return { response: data };
  } catch (error) {
    if (!(error instanceof Common.GaxiosError)) {
      throw error;
    }
    return {
      error: {
        status: error.status,
        code: error.code,
        message: error.message,
        body: error.response.data,
      },
    };
  }
}

main(...process.argv.slice(2)).then((answer) => console.log(JSON.stringify(answer)));
