import com.google.api.client.googleapis.json.GoogleJsonError;
import com.google.api.client.googleapis.json.GoogleJsonResponseException;
import com.google.api.client.json.GenericJson;
import com.google.api.client.json.gson.GsonFactory;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Schedules an integration with google-api-client.
 *
 * <p>Arguments: the server's URL, v1 or v1alpha, the integration's name, the request in JSON.
 * Prints one JSON line: the response, or the error as its caller sees it.
 */
final class Schedule {
  private static final GsonFactory JSON = GsonFactory.getDefaultInstance();

  public static void main(String[] args) throws Exception {
    GenericJson request = JSON.fromString(args[3], GenericJson.class);
    Map<String, Object> answer;
    try {
      Integrations client = new Integrations.Builder(args[0]).build();
      answer = Map.of("response", client.schedule(args[1], args[2], request).execute());
    } catch (GoogleJsonResponseException refused) {
      answer = Map.of("error", told(refused));
    }
    System.out.println(JSON.toString(answer));
  }

  private static Map<String, Object> told(GoogleJsonResponseException refused) {
    GoogleJsonError error = refused.getDetails();
    Map<String, Object> told = new TreeMap<>();
    told.put("statusCode", refused.getStatusCode());
    told.put("code", error.getCode());
    told.put("message", error.getMessage());
    told.put("status", error.get("status"));
    List<GoogleJsonError.Details> details = error.getDetails();
    told.put("details", details == null ? List.of() : details);
    return told;
  }
}
