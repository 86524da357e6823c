import com.google.api.client.googleapis.services.json.AbstractGoogleJsonClient;
import com.google.api.client.googleapis.services.json.AbstractGoogleJsonClientRequest;
import com.google.api.client.http.javanet.NetHttpTransport;
import com.google.api.client.json.GenericJson;
import com.google.api.client.json.gson.GsonFactory;
import com.google.api.client.util.Key;

/** What Google's generator would write of the schedule call, on its own runtime. */
public final class Integrations extends AbstractGoogleJsonClient {
  private Integrations(Builder builder) {
    super(builder);
  }

  public Schedule schedule(String version, String name, GenericJson request) {
    return new Schedule(this, version, name, request);
  }

  public static final class Builder extends AbstractGoogleJsonClient.Builder {
    public Builder(String rootUrl) {
      super(new NetHttpTransport(), GsonFactory.getDefaultInstance(), rootUrl, "", null, false);
      setApplicationName("example");
    }

    @Override
    public Integrations build() {
      return new Integrations(this);
    }
  }

  public static final class Schedule extends AbstractGoogleJsonClientRequest<GenericJson> {
    @Key public final String name;

    private Schedule(Integrations client, String version, String name, GenericJson request) {
      super(client, "POST", version + "/{+name}:schedule", request, GenericJson.class);
      this.name = name;
    }
  }
}
