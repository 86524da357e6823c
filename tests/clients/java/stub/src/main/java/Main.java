import com.google.rpc.BadRequest;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.ArrayList;
import java.util.List;
import yandex.cloud.api.operation.OperationOuterClass.Operation;
import yandex.cloud.api.serverless.triggers.v1.TriggerOuterClass.InvokeFunctionOnce;
import yandex.cloud.api.serverless.triggers.v1.TriggerOuterClass.Trigger;
import yandex.cloud.api.serverless.triggers.v1.TriggerServiceGrpc;
import yandex.cloud.api.serverless.triggers.v1.TriggerServiceGrpc.TriggerServiceBlockingStub;
import yandex.cloud.api.serverless.triggers.v1.TriggerServiceOuterClass.CreateTriggerMetadata;
import yandex.cloud.api.serverless.triggers.v1.TriggerServiceOuterClass.CreateTriggerRequest;
import yandex.cloud.api.serverless.triggers.v1.TriggerServiceOuterClass.GetTriggerRequest;

/**
 * Calls Tocsin with stubs that were generated from its protos.
 *
 * <p>Arguments: the gRPC server's address, a folder's id. Prints two JSON lines: the trigger that
 * was created and read again, and what became of a request that breaks rules.
 */
final class Main {
  public static void main(String[] args) throws Exception {
    ManagedChannel channel =
        Grpc.newChannelBuilder(args[0], InsecureChannelCredentials.create()).build();
    TriggerServiceBlockingStub client = TriggerServiceGrpc.newBlockingStub(channel);
    System.out.println(roundTrip(client, args[1]));
    System.out.println(refusal(client));
    channel.shutdown();
  }

  private static String roundTrip(TriggerServiceBlockingStub client, String folder)
      throws Exception {
    Trigger.Timer timer =
        Trigger.Timer.newBuilder()
            .setCronExpression("* * * * ? *")
            .setInvokeFunction(
                InvokeFunctionOnce.newBuilder().setFunctionId("d4e00000000000000001"))
            .build();
    Operation operation =
        client.create(
            CreateTriggerRequest.newBuilder()
                .setFolderId(folder)
                .setName("by-java")
                .setRule(Trigger.Rule.newBuilder().setTimer(timer))
                .build());
    String id = operation.getMetadata().unpack(CreateTriggerMetadata.class).getTriggerId();
    Trigger found = client.get(GetTriggerRequest.newBuilder().setTriggerId(id).build());
    String cron = found.getRule().getTimer().getCronExpression();
    return "{\"name\": \"%s\", \"cron\": \"%s\"}".formatted(found.getName(), cron);
  }

  private static String refusal(TriggerServiceBlockingStub client) throws Exception {
    try {
      client.create(CreateTriggerRequest.newBuilder().setName("Bad Name").build());
      throw new IllegalStateException("a bad name was taken");
    } catch (StatusRuntimeException refused) {
      List<String> fields = new ArrayList<>();
      for (var detail : StatusProto.fromThrowable(refused).getDetailsList()) {
        if (detail.is(BadRequest.class)) {
          for (var violation : detail.unpack(BadRequest.class).getFieldViolationsList()) {
            fields.add("\"" + violation.getField() + "\"");
          }
        }
      }
      int code = refused.getStatus().getCode().value();
      return "{\"code\": %d, \"fields\": %s}".formatted(code, fields);
    }
  }
}
