package example;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.FieldMask;
import com.google.protobuf.Message;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import yandex.cloud.api.operation.OperationOuterClass.Operation;
import yandex.cloud.api.operation.OperationServiceGrpc;
import yandex.cloud.api.operation.OperationServiceGrpc.OperationServiceBlockingStub;
import yandex.cloud.api.serverless.triggers.v1.TriggerOuterClass.InvokeFunctionWithRetry;
import yandex.cloud.api.serverless.triggers.v1.TriggerOuterClass.Trigger;
import yandex.cloud.api.serverless.triggers.v1.TriggerServiceGrpc;
import yandex.cloud.api.serverless.triggers.v1.TriggerServiceGrpc.TriggerServiceBlockingStub;
import yandex.cloud.api.serverless.triggers.v1.TriggerServiceOuterClass.*;
import yandex.cloud.sdk.ServiceFactory;
import yandex.cloud.sdk.auth.Auth;
import yandex.cloud.sdk.auth.IamToken;
import yandex.cloud.sdk.auth.provider.CredentialProvider;
import yandex.cloud.sdk.utils.OperationUtils;

/** A program as users of the vendor's Java SDK write it: the scenarios of `yandex.py`. */
public final class Main {
    private static final String ENDPOINT = System.getenv("ENDPOINT");
    private static final String FOLDER = System.getenv("FOLDER");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final TriggerServiceBlockingStub triggers;
    private final OperationServiceBlockingStub operations;

    private Main(TriggerServiceBlockingStub triggers, OperationServiceBlockingStub operations) {
        this.triggers = triggers;
        this.operations = operations;
    }

    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "lifecycle" -> overTls().lifecycle();
            case "refusals" -> overTls().refusals();
            case "ask" -> ask(Main::overTls);
            case "plaintext" -> ask(Main::inPlaintext);
            case "iam_token" -> {
                IamToken token = credential().get();
                tell("token", "token", token.getToken(), "expires", token.getExpiresAt().getEpochSecond());
            }
            default -> throw new IllegalArgumentException(arguments[0]);
        }
        System.exit(0); // the SDK's channels have threads that don't end by themselves
    }

    /** Discovers the services' addresses at the endpoint. */
    private static Main overTls() {
        ServiceFactory factory =
                ServiceFactory.builder().credentialProvider(credential()).endpoint(ENDPOINT).build();
        return new Main(
                factory.create(TriggerServiceBlockingStub.class, TriggerServiceGrpc::newBlockingStub),
                factory.create(OperationServiceBlockingStub.class, OperationServiceGrpc::newBlockingStub));
    }

    /** Takes a channel of its own: the SDK itself knows TLS only. */
    private static Main inPlaintext() {
        ServiceFactory factory = ServiceFactory.builder().credentialProvider(credential()).build();
        ManagedChannel channel = ManagedChannelBuilder.forTarget(ENDPOINT).usePlaintext().build();
        return new Main(
                factory.create(channel, TriggerServiceGrpc::newBlockingStub),
                factory.create(channel, OperationServiceGrpc::newBlockingStub));
    }

    /**
     * Without the updater the SDK asks for a token on the thread that is to receive it, and waits
     * for ever on a machine with two cores or one.
     */
    private static CredentialProvider credential() {
        String keyFile = System.getenv("KEY_FILE");
        if (keyFile != null) {
            return Auth.apiKeyBuilder().fromFile(Path.of(keyFile)).cloudIAMEndpoint(ENDPOINT)
                    .withDefaultBackgroundUpdater().build();
        }
        String oauthToken = System.getenv("OAUTH_TOKEN");
        if (oauthToken != null) {
            return Auth.oauthTokenBuilder().oauth(oauthToken).cloudIAMEndpoint(ENDPOINT)
                    .withDefaultBackgroundUpdater().build();
        }
        return Auth.iamTokenBuilder().token(System.getenv("IAM_TOKEN")).build();
    }

    private void lifecycle() throws Exception {
        CreateTriggerRequest nightly = creation("nightly", "0 3 * * ? *").toBuilder()
                .setDescription("made").putLabels("team", "night").build();
        String id = done("create", triggers.create(nightly), CreateTriggerMetadata.class);
        CreateTriggerRequest hourly = creation("hourly", "0 * ? * * *");
        done("create another", triggers.create(hourly), CreateTriggerMetadata.class);

        GetTriggerRequest get = GetTriggerRequest.newBuilder().setTriggerId(id).build();
        tell("get", "trigger", shown(triggers.get(get)));
        ListTriggersRequest named = ListTriggersRequest.newBuilder()
                .setFolderId(FOLDER).setFilter("name = \"nightly\"").build();
        tell("list by name", "ids",
                triggers.list(named).getTriggersList().stream().map(Trigger::getId).toList());
        tell("list by pages", "names", pages());

        UpdateTriggerRequest update = UpdateTriggerRequest.newBuilder()
                .setTriggerId(id).setDescription("changed")
                .setUpdateMask(FieldMask.newBuilder().addPaths("description")).build();
        done("update", triggers.update(update), UpdateTriggerMetadata.class);
        done("pause", triggers.pause(PauseTriggerRequest.newBuilder().setTriggerId(id).build()),
                PauseTriggerMetadata.class);
        done("resume", triggers.resume(ResumeTriggerRequest.newBuilder().setTriggerId(id).build()),
                ResumeTriggerMetadata.class);

        ListTriggerOperationsRequest asked =
                ListTriggerOperationsRequest.newBuilder().setTriggerId(id).build();
        tell("list operations", "metadata", triggers.listOperations(asked).getOperationsList()
                .stream().map(each -> each.getMetadata().getTypeUrl().split("/")[1]).toList());
        tell("create twice", "operations", twoWithOneKey());
        done("delete", triggers.delete(DeleteTriggerRequest.newBuilder().setTriggerId(id).build()),
                DeleteTriggerMetadata.class);
    }

    private List<String> pages() {
        List<String> names = new ArrayList<>();
        String token = "";
        do {
            ListTriggersResponse page = triggers.list(ListTriggersRequest.newBuilder()
                    .setFolderId(FOLDER).setPageSize(1).setPageToken(token).build());
            page.getTriggersList().forEach(each -> names.add(each.getName()));
            token = page.getNextPageToken();
        } while (!token.isEmpty());
        return names;
    }

    private List<String> twoWithOneKey() {
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of("idempotency-key", Metadata.ASCII_STRING_MARSHALLER), "java-" + FOLDER);
        TriggerServiceBlockingStub keyed =
                triggers.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
        CreateTriggerRequest once = creation("once", "* * * * ? *");
        return List.of(keyed.create(once).getId(), keyed.create(once).getId());
    }

    /** Waits for an operation as the SDK does; returns its trigger's id. */
    private String done(String step, Operation started, Class<? extends Message> metadata) throws Exception {
        Operation done = OperationUtils.wait(operations, started, Duration.ofSeconds(30));
        if (!done.getDone() || done.hasError()) {
            throw new IllegalStateException(done.toString());
        }
        Message described = done.getMetadata().unpack(metadata);
        Object id = described.getField(described.getDescriptorForType().findFieldByName("trigger_id"));
        if (done.getResponse().is(Trigger.class)) {
            tell(step, "metadata", id, "trigger", shown(done.getResponse().unpack(Trigger.class)));
        } else {
            tell(step, "metadata", id);
        }
        return (String) id;
    }

    private void refusals() {
        create("taken for the first time", creation("taken", "0 3 * * ? *"));
        create("taken name", creation("taken", "0 3 * * ? *"));
        create("no folder", creation("homeless", "0 3 * * ? *").toBuilder().clearFolderId().build());
        create("no rule", creation("aimless", "").toBuilder().clearRule().build());
        create("bad cron", creation("timeless", "whenever"));

        String missing = "a1s00000000000000non";
        UpdateTriggerRequest update = UpdateTriggerRequest.newBuilder().setTriggerId(missing).build();
        FieldMask mask = FieldMask.newBuilder().addPaths("nothing_of_that_name").build();
        refused("unknown path", () -> triggers.update(update.toBuilder().setUpdateMask(mask).build()));
        refused("get what is not there",
                () -> triggers.get(GetTriggerRequest.newBuilder().setTriggerId(missing).build()));
        refused("update what is not there", () -> triggers.update(update));
        refused("delete what is not there",
                () -> triggers.delete(DeleteTriggerRequest.newBuilder().setTriggerId(missing).build()));
        refused("pause what is not there",
                () -> triggers.pause(PauseTriggerRequest.newBuilder().setTriggerId(missing).build()));
        refused("resume what is not there",
                () -> triggers.resume(ResumeTriggerRequest.newBuilder().setTriggerId(missing).build()));
    }

    private void create(String step, CreateTriggerRequest request) {
        refused(step, () -> triggers.create(request));
    }

    private static void refused(String step, Supplier<Message> call) {
        try {
            call.get();
            tell(step, "code", "OK");
        } catch (StatusRuntimeException error) {
            String message = String.valueOf(error.getStatus().getDescription());
            tell(step, "code", error.getStatus().getCode().name(), "message", message);
        }
    }

    /** Makes one call, as whoever the credential says. */
    private static void ask(Supplier<Main> connect) {
        ListTriggersRequest request = ListTriggersRequest.newBuilder().setFolderId(FOLDER).build();
        refused("ask", () -> connect.get().triggers.list(request));
    }

    private static CreateTriggerRequest creation(String name, String cron) {
        InvokeFunctionWithRetry invoke =
                InvokeFunctionWithRetry.newBuilder().setFunctionId("d4efunction").build();
        Trigger.Timer timer = Trigger.Timer.newBuilder()
                .setCronExpression(cron).setInvokeFunctionWithRetry(invoke).build();
        return CreateTriggerRequest.newBuilder().setFolderId(FOLDER).setName(name)
                .setRule(Trigger.Rule.newBuilder().setTimer(timer)).build();
    }

    private static Map<String, Object> shown(Trigger trigger) {
        Trigger.Timer timer = trigger.getRule().getTimer();
        Map<String, Object> seen = new LinkedHashMap<>();
        seen.put("id", trigger.getId());
        seen.put("folder", trigger.getFolderId());
        seen.put("name", trigger.getName());
        seen.put("description", trigger.getDescription());
        seen.put("labels", trigger.getLabelsMap());
        seen.put("status", trigger.getStatus().name());
        seen.put("cron", timer.getCronExpression());
        seen.put("function", timer.getInvokeFunctionWithRetry().getFunctionId());
        return seen;
    }

    private static void tell(String step, Object... namesAndValues) {
        Map<String, Object> seen = new LinkedHashMap<>(Map.of("step", step));
        for (int i = 0; i < namesAndValues.length; i += 2) {
            seen.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        try {
            System.out.println(JSON.writeValueAsString(seen));
        } catch (IOException error) {
            throw new IllegalStateException(error);
        }
    }
}
