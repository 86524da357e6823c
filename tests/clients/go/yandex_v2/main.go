// A program as users of the second version of the vendor's Go SDK write it: the scenarios of
// `yandex.py`. It takes connections, tokens, waiting and resolving from the SDK, and the service's
// stubs from go-genproto.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"sync/atomic"
	"time"

	operations "github.com/yandex-cloud/go-genproto/yandex/cloud/operation"
	triggers "github.com/yandex-cloud/go-genproto/yandex/cloud/serverless/triggers/v1"
	ycsdk "github.com/yandex-cloud/go-sdk/v2"
	"github.com/yandex-cloud/go-sdk/v2/credentials"
	"github.com/yandex-cloud/go-sdk/v2/pkg/endpoints"
	"github.com/yandex-cloud/go-sdk/v2/pkg/iamkey"
	sdkop "github.com/yandex-cloud/go-sdk/v2/pkg/operation"
	"github.com/yandex-cloud/go-sdk/v2/pkg/options"
	"github.com/yandex-cloud/go-sdk/v2/pkg/sdkresolvers"
	"github.com/yandex-cloud/go-sdk/v2/pkg/transport/middleware/idempotency"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
)

const (
	prefix  = "yandex.cloud.serverless.triggers"
	service = prefix + ".v1.TriggerService."
	polling = "yandex.cloud.operation.OperationService.Get"
)

var folder = os.Getenv("FOLDER")

type seen map[string]any

func tell(step string, what seen) {
	what["step"] = step
	line, err := json.Marshal(what)
	check(err)
	fmt.Println(string(line))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func credential() credentials.Credentials {
	if file := os.Getenv("KEY_FILE"); file != "" {
		key, err := iamkey.ReadFromJSONFile(file)
		check(err)
		found, err := credentials.ServiceAccountKey(key)
		check(err)
		return found
	}
	if token := os.Getenv("OAUTH_TOKEN"); token != "" {
		return credentials.OAuthToken(token)
	}
	return credentials.IAMToken(os.Getenv("IAM_TOKEN"))
}

// build makes an SDK that discovers over TLS, trusting SSL_CERT_FILE; or one that speaks plaintext
// with one address, where PLAINTEXT is set.
func build(ctx context.Context, more ...options.Option) *ycsdk.SDK {
	address := os.Getenv("ENDPOINT")
	chosen := append([]options.Option{options.WithCredentials(credential())}, more...)
	if os.Getenv("PLAINTEXT") == "" {
		chosen = append(chosen, options.WithDiscoveryEndpoint(address))
	} else {
		one := endpoints.NewEndpointParams(address, endpoints.Plaintext())
		all := endpoints.NewPrefixEndpointsResolver(endpoints.PrefixToEndpoint{"yandex.cloud": one})
		chosen = append(chosen, options.WithEndpointsResolver(all))
	}
	sdk, err := ycsdk.Build(ctx, chosen...)
	check(err)
	return sdk
}

func clientOf(ctx context.Context, sdk *ycsdk.SDK) triggers.TriggerServiceClient {
	connection, err := sdk.GetConnection(ctx, protoreflect.FullName(service+"Get"))
	check(err)
	return triggers.NewTriggerServiceClient(connection)
}

func timer(cron string) *triggers.Trigger_Rule {
	invoke := &triggers.InvokeFunctionWithRetry{FunctionId: "d4efunction"}
	return &triggers.Trigger_Rule{Rule: &triggers.Trigger_Rule_Timer{Timer: &triggers.Trigger_Timer{
		CronExpression: cron,
		Action:         &triggers.Trigger_Timer_InvokeFunctionWithRetry{InvokeFunctionWithRetry: invoke},
	}}}
}

func creation(name, cron string) *triggers.CreateTriggerRequest {
	return &triggers.CreateTriggerRequest{FolderId: folder, Name: name, Rule: timer(cron)}
}

func shown(trigger *triggers.Trigger) seen {
	return seen{
		"id":          trigger.Id,
		"folder":      trigger.FolderId,
		"name":        trigger.Name,
		"description": trigger.Description,
		"labels":      trigger.Labels,
		"status":      trigger.Status.String(),
		"cron":        trigger.GetRule().GetTimer().GetCronExpression(),
		"function":    trigger.GetRule().GetTimer().GetInvokeFunctionWithRetry().GetFunctionId(),
	}
}

type described interface {
	proto.Message
	GetTriggerId() string
}

// done waits for an operation as the SDK does, which checks the types of its metadata and of its
// response; it returns its trigger's id.
func done(
	ctx context.Context, sdk *ycsdk.SDK, step string, kind described, response proto.Message,
	started *operations.Operation, err error,
) string {
	check(err)
	poll := func(
		ctx context.Context, id string, opts ...grpc.CallOption,
	) (sdkop.YCOperation, error) {
		connection, err := sdk.GetConnection(ctx, polling, opts...)
		if err != nil {
			return nil, err
		}
		request := &operations.GetOperationRequest{OperationId: id}
		return operations.NewOperationServiceClient(connection).Get(ctx, request, opts...)
	}
	operation, err := sdkop.NewOperation(started, &sdkop.Concretization{
		Poll: poll, MetadataType: kind, ResponseType: response,
		GetResourceID: func(metadata proto.Message) string {
			return metadata.(described).GetTriggerId()
		},
	})
	check(err)
	answer, err := operation.Wait(ctx)
	check(err)
	check(operation.PollOnce(ctx))
	what := seen{"metadata": operation.ResourceID()}
	if trigger, ok := answer.(*triggers.Trigger); ok {
		what["trigger"] = shown(trigger)
	}
	tell(step, what)
	return operation.ResourceID()
}

func lifecycle(ctx context.Context) {
	sdk := build(ctx)
	client := clientOf(ctx, sdk)
	trigger, nothing := (*triggers.Trigger)(nil), (*emptypb.Empty)(nil)

	creating := creation("nightly", "0 3 * * ? *")
	creating.Description, creating.Labels = "made", map[string]string{"team": "night"}
	created := (*triggers.CreateTriggerMetadata)(nil)
	op, err := client.Create(ctx, creating)
	id := done(ctx, sdk, "create", created, trigger, op, err)
	op, err = client.Create(ctx, creation("hourly", "0 * ? * * *"))
	done(ctx, sdk, "create another", created, trigger, op, err)

	got, err := client.Get(ctx, &triggers.GetTriggerRequest{TriggerId: id})
	check(err)
	tell("get", seen{"trigger": shown(got)})
	tell("list by name", seen{"ids": []string{resolve(ctx, client, "nightly")}})
	tell("list by pages", seen{"names": pages(ctx, client)})

	op, err = client.Update(ctx, &triggers.UpdateTriggerRequest{
		TriggerId: id, Description: "changed",
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"description"}},
	})
	done(ctx, sdk, "update", (*triggers.UpdateTriggerMetadata)(nil), trigger, op, err)
	op, err = client.Pause(ctx, &triggers.PauseTriggerRequest{TriggerId: id})
	done(ctx, sdk, "pause", (*triggers.PauseTriggerMetadata)(nil), trigger, op, err)
	op, err = client.Resume(ctx, &triggers.ResumeTriggerRequest{TriggerId: id})
	done(ctx, sdk, "resume", (*triggers.ResumeTriggerMetadata)(nil), trigger, op, err)

	listed, err := client.ListOperations(ctx, &triggers.ListTriggerOperationsRequest{TriggerId: id})
	check(err)
	var kinds []string
	for _, each := range listed.Operations {
		kinds = append(kinds, string(each.GetMetadata().MessageName()))
	}
	tell("list operations", seen{"metadata": kinds})

	keyed := metadata.AppendToOutgoingContext(ctx, "idempotency-key", "go-v2-"+folder)
	var ids []string
	for range 2 {
		op, err := client.Create(keyed, creation("once", "* * * * ? *"))
		check(err)
		ids = append(ids, op.Id)
	}
	tell("create twice", seen{"operations": ids})
	op, err = client.Delete(ctx, &triggers.DeleteTriggerRequest{TriggerId: id})
	done(ctx, sdk, "delete", (*triggers.DeleteTriggerMetadata)(nil), nothing, op, err)
}

// resolve finds a trigger's id by its name, by the SDK's resolver.
func resolve(ctx context.Context, client triggers.TriggerServiceClient, name string) string {
	resolver := sdkresolvers.NewBaseNameResolver(name, "trigger", sdkresolvers.FolderID(folder))
	check(resolver.EnsureFolderID())
	listed, err := client.List(ctx, &triggers.ListTriggersRequest{
		FolderId: resolver.FolderID(),
		Filter:   sdkresolvers.CreateResolverFilter("name", name),
		PageSize: sdkresolvers.DefaultResolverPageSize,
	})
	check(resolver.FindName(listed.GetTriggers(), err))
	return resolver.ID()
}

func pages(ctx context.Context, client triggers.TriggerServiceClient) []string {
	var names []string
	request := &triggers.ListTriggersRequest{FolderId: folder, PageSize: 1}
	for {
		page, err := client.List(ctx, request)
		check(err)
		for _, each := range page.Triggers {
			names = append(names, each.Name)
		}
		if page.NextPageToken == "" {
			return names
		}
		request.PageToken = page.NextPageToken
	}
}

func refused(step string, err error) {
	tell(step, seen{"code": codeName(err), "message": status.Convert(err).Message()})
}

// codeName is a status' name as the protocol writes it.
func codeName(err error) string {
	text, name := status.Code(err).String(), strings.Builder{}
	if text == "OK" {
		return text
	}
	for i, letter := range text {
		if i > 0 && 'A' <= letter && letter <= 'Z' {
			name.WriteByte('_')
		}
		name.WriteRune(letter)
	}
	return strings.ToUpper(name.String())
}

func refusals(ctx context.Context) {
	client := clientOf(ctx, build(ctx))
	create := func(step string, request *triggers.CreateTriggerRequest) {
		_, err := client.Create(ctx, request)
		refused(step, err)
	}
	create("taken for the first time", creation("taken", "0 3 * * ? *"))
	create("taken name", creation("taken", "0 3 * * ? *"))
	create("no folder", &triggers.CreateTriggerRequest{Name: "homeless", Rule: timer("0 3 * * ? *")})
	create("no rule", &triggers.CreateTriggerRequest{FolderId: folder, Name: "aimless"})
	create("bad cron", creation("timeless", "whenever"))

	const missing = "a1s00000000000000non"
	mask := &fieldmaskpb.FieldMask{Paths: []string{"nothing_of_that_name"}}
	_, err := client.Update(ctx, &triggers.UpdateTriggerRequest{TriggerId: missing, UpdateMask: mask})
	refused("unknown path", err)
	_, err = client.Get(ctx, &triggers.GetTriggerRequest{TriggerId: missing})
	refused("get what is not there", err)
	_, err = client.Update(ctx, &triggers.UpdateTriggerRequest{TriggerId: missing})
	refused("update what is not there", err)
	_, err = client.Delete(ctx, &triggers.DeleteTriggerRequest{TriggerId: missing})
	refused("delete what is not there", err)
	_, err = client.Pause(ctx, &triggers.PauseTriggerRequest{TriggerId: missing})
	refused("pause what is not there", err)
	_, err = client.Resume(ctx, &triggers.ResumeTriggerRequest{TriggerId: missing})
	refused("resume what is not there", err)
}

// ask makes one call, as whoever the credential says.
func ask(ctx context.Context) {
	listed, err := clientOf(ctx, build(ctx)).List(ctx, &triggers.ListTriggersRequest{FolderId: folder})
	names := []string{}
	for _, each := range listed.GetTriggers() {
		names = append(names, each.Name)
	}
	tell("ask", seen{
		"code": codeName(err), "message": status.Convert(err).Message(), "names": names,
	})
}

// lostAnswer reaches the trigger service through a network that loses an answer; the SDK repeats
// the call with the key that it has given it.
func lostAnswer(ctx context.Context) {
	sdk := build(ctx, options.WithDefaultRetryOptions(), options.WithCustomDialOptions(
		grpc.WithChainUnaryInterceptor(idempotency.Interceptor())))
	losing := endpoints.NewEndpointParams(os.Getenv("LOSING_ENDPOINT"))
	client := clientOf(ctx, sdk.WithEndpoint(prefix, losing))
	op, err := client.Create(ctx, creation("lost", "0 3 * * ? *"))
	done(ctx, sdk, "create", (*triggers.CreateTriggerMetadata)(nil), (*triggers.Trigger)(nil), op, err)
}

// iamToken gets the token that the SDK would show.
func iamToken(ctx context.Context) {
	answer, err := build(ctx).CreateIAMToken(ctx)
	check(err)
	tell("token", seen{"token": answer.GetIamToken(), "expires": answer.GetExpiresAt().Unix()})
}

type connections struct{ begun, ended atomic.Int32 }

func (c *connections) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }
func (c *connections) HandleRPC(context.Context, stats.RPCStats)                       {}
func (c *connections) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return ctx
}
func (c *connections) HandleConn(_ context.Context, event stats.ConnStats) {
	switch event.(type) {
	case *stats.ConnBegin:
		c.begun.Add(1)
	case *stats.ConnEnd:
		c.ended.Add(1)
	}
}

// idle makes no call for a while, in which the SDK pings as often as gRPC lets it: a server that
// enforces gRPC's own limits ends the connection at the third ping.
func idle(ctx context.Context) {
	counted := &connections{}
	pings := keepalive.ClientParameters{
		Time: 10 * time.Second, Timeout: 5 * time.Second, PermitWithoutStream: true,
	}
	sdk := build(ctx, options.WithKeepalive(pings),
		options.WithCustomDialOptions(grpc.WithStatsHandler(counted)))
	client := clientOf(ctx, sdk)
	request := &triggers.ListTriggersRequest{FolderId: folder}
	_, err := client.List(ctx, request)
	check(err)
	time.Sleep(35 * time.Second)
	_, err = client.List(ctx, request)
	tell("idle", seen{
		"code": codeName(err), "begun": counted.begun.Load(), "ended": counted.ended.Load(),
	})
}

func main() {
	scenarios := map[string]func(context.Context){
		"lifecycle": lifecycle, "refusals": refusals, "ask": ask, "lost_answer": lostAnswer,
		"iam_token": iamToken, "idle": idle,
	}
	scenarios[os.Args[1]](context.Background())
}
