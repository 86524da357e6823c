// A program as users of the first version of the vendor's Go SDK write it: the scenarios of
// `yandex.py`.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"strings"

	"github.com/yandex-cloud/go-genproto/yandex/cloud/endpoint"
	"github.com/yandex-cloud/go-genproto/yandex/cloud/operation"
	triggers "github.com/yandex-cloud/go-genproto/yandex/cloud/serverless/triggers/v1"
	ycsdk "github.com/yandex-cloud/go-sdk"
	"github.com/yandex-cloud/go-sdk/iamkey"
	"github.com/yandex-cloud/go-sdk/pkg/idempotency"
	retry "github.com/yandex-cloud/go-sdk/pkg/retry/v1"
	"github.com/yandex-cloud/go-sdk/sdkresolvers"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
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

func credentials() ycsdk.Credentials {
	if file := os.Getenv("KEY_FILE"); file != "" {
		key, err := iamkey.ReadFromJSONFile(file)
		check(err)
		found, err := ycsdk.ServiceAccountKey(key)
		check(err)
		return found
	}
	if token := os.Getenv("OAUTH_TOKEN"); token != "" {
		return ycsdk.OAuthToken(token)
	}
	return ycsdk.NewIAMTokenCredentials(os.Getenv("IAM_TOKEN"))
}

// build makes an SDK that speaks TLS, or plaintext where no CA_FILE is given.
func build(ctx context.Context, options ...grpc.DialOption) *ycsdk.SDK {
	config := ycsdk.Config{
		Credentials: credentials(), Endpoint: os.Getenv("ENDPOINT"), Plaintext: true,
	}
	if file := os.Getenv("CA_FILE"); file != "" {
		pem, err := os.ReadFile(file)
		check(err)
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		config.Plaintext, config.TLSConfig = false, &tls.Config{RootCAs: pool}
	}
	sdk, err := ycsdk.Build(ctx, config, options...)
	check(err)
	return sdk
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

// done waits for an operation as the SDK does; it returns its trigger's id.
func done(
	ctx context.Context, sdk *ycsdk.SDK, step string, op *operation.Operation, err error,
) string {
	wrapped, err := sdk.WrapOperation(op, err)
	check(err)
	check(wrapped.Wait(ctx))
	described, err := wrapped.Metadata()
	check(err)
	id := described.(interface{ GetTriggerId() string }).GetTriggerId()
	what := seen{"metadata": id}
	response, err := wrapped.Response()
	check(err)
	if trigger, ok := response.(*triggers.Trigger); ok {
		what["trigger"] = shown(trigger)
	}
	tell(step, what)
	return id
}

func lifecycle(ctx context.Context) {
	sdk := build(ctx)
	client := sdk.Serverless().Triggers().Trigger()

	creating := creation("nightly", "0 3 * * ? *")
	creating.Description, creating.Labels = "made", map[string]string{"team": "night"}
	op, err := client.Create(ctx, creating)
	id := done(ctx, sdk, "create", op, err)
	op, err = client.Create(ctx, creation("hourly", "0 * ? * * *"))
	done(ctx, sdk, "create another", op, err)

	got, err := client.Get(ctx, &triggers.GetTriggerRequest{TriggerId: id})
	check(err)
	tell("get", seen{"trigger": shown(got)})
	var resolved string
	resolving := sdkresolvers.TriggerResolver(
		"nightly", sdkresolvers.FolderID(folder), sdkresolvers.Out(&resolved))
	check(sdk.Resolve(ctx, resolving))
	tell("list by name", seen{"ids": []string{resolved}})
	tell("list by pages", seen{"names": pages(client.TriggerIterator(
		ctx, &triggers.ListTriggersRequest{FolderId: folder}))})

	op, err = client.Update(ctx, &triggers.UpdateTriggerRequest{
		TriggerId: id, Description: "changed",
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"description"}},
	})
	done(ctx, sdk, "update", op, err)
	op, err = client.Pause(ctx, &triggers.PauseTriggerRequest{TriggerId: id})
	done(ctx, sdk, "pause", op, err)
	op, err = client.Resume(ctx, &triggers.ResumeTriggerRequest{TriggerId: id})
	done(ctx, sdk, "resume", op, err)

	listed := client.TriggerOperationsIterator(
		ctx, &triggers.ListTriggerOperationsRequest{TriggerId: id})
	var kinds []string
	for listed.Next() {
		kinds = append(kinds, string(listed.Value().GetMetadata().MessageName()))
	}
	check(listed.Error())
	tell("list operations", seen{"metadata": kinds})

	keyed := metadata.AppendToOutgoingContext(ctx, "idempotency-key", "go-"+folder)
	var operations []string
	for range 2 {
		op, err := client.Create(keyed, creation("once", "* * * * ? *"))
		check(err)
		operations = append(operations, op.Id)
	}
	tell("create twice", seen{"operations": operations})
	op, err = client.Delete(ctx, &triggers.DeleteTriggerRequest{TriggerId: id})
	done(ctx, sdk, "delete", op, err)
}

type iterator interface {
	Next() bool
	Value() *triggers.Trigger
	Error() error
}

// pages walks as the SDK does: it asks for pages of 1000, whatever the request says.
func pages(listed iterator) []string {
	var names []string
	for listed.Next() {
		names = append(names, listed.Value().Name)
	}
	check(listed.Error())
	return names
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
	client := build(ctx).Serverless().Triggers().Trigger()
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
	client := build(ctx).Serverless().Triggers().Trigger()
	listed, err := client.List(ctx, &triggers.ListTriggersRequest{FolderId: folder})
	names := []string{}
	for _, each := range listed.GetTriggers() {
		names = append(names, each.Name)
	}
	tell("ask", seen{
		"code": codeName(err), "message": status.Convert(err).Message(), "names": names,
	})
}

// lostAnswer speaks through a network that loses an answer; the SDK's own interceptors repeat the
// call with the key that they have given it.
func lostAnswer(ctx context.Context) {
	retries, err := retry.DefaultRetryDialOption()
	check(err)
	dialer := func(ctx context.Context, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", os.Getenv("LOSING_ENDPOINT"))
	}
	sdk := build(ctx, retries, grpc.WithContextDialer(dialer),
		grpc.WithChainUnaryInterceptor(idempotency.Interceptor()))
	op, err := sdk.Serverless().Triggers().Trigger().Create(ctx, creation("lost", "0 3 * * ? *"))
	done(ctx, sdk, "create", op, err)
}

// endpoints tells what discovery says on this listener.
func endpoints(ctx context.Context) {
	client := build(ctx).ApiEndpoint().ApiEndpoint()
	listed, err := client.List(ctx, &endpoint.ListApiEndpointsRequest{PageSize: 100})
	check(err)
	found := map[string]string{}
	for _, each := range listed.Endpoints {
		found[each.Id] = each.Address
	}
	tell("list 100", seen{"endpoints": found, "more": listed.NextPageToken})
}

// iamToken gets the token that the SDK would show.
func iamToken(ctx context.Context) {
	answer, err := build(ctx).CreateIAMToken(ctx)
	check(err)
	tell("token", seen{"token": answer.IamToken, "expires": answer.ExpiresAt.GetSeconds()})
}

func main() {
	scenarios := map[string]func(context.Context){
		"lifecycle": lifecycle, "refusals": refusals, "ask": ask, "lost_answer": lostAnswer,
		"endpoints": endpoints, "iam_token": iamToken,
	}
	scenarios[os.Args[1]](context.Background())
}
