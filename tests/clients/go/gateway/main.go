// Tocsin's REST, transcoded by grpc-gateway.
//
// Arguments: where to listen, where the gRPC server is. Prints where it listens.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	// What travels inside an Any can be printed if it is linked.
	_ "google.golang.org/genproto/googleapis/rpc/errdetails"

	integrations "example.com/gateway/gen/google/cloud/integrations/v1alpha"
	longrunning "example.com/gateway/gen/google/longrunning"
	tocsin "example.com/gateway/gen/tocsin/v1"
	endpoint "example.com/gateway/gen/yandex/cloud/endpoint"
	iam "example.com/gateway/gen/yandex/cloud/iam/v1"
	operations "example.com/gateway/gen/yandex/cloud/operation"
	triggers "example.com/gateway/gen/yandex/cloud/serverless/triggers/v1"
)

type register = func(context.Context, *runtime.ServeMux, *grpc.ClientConn) error

func main() {
	connection, err := grpc.NewClient(os.Args[2],
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	// Google's answers leave defaults out, the others print them.
	google := mux(connection, protojson.MarshalOptions{}, googleError,
		integrations.RegisterExecutionsHandler, integrations.RegisterIntegrationsHandler,
		integrations.RegisterIntegrationVersionsHandler, longrunning.RegisterOperationsHandler)
	others := mux(connection, protojson.MarshalOptions{EmitDefaultValues: true},
		runtime.DefaultHTTPErrorHandler,
		triggers.RegisterTriggerServiceHandler, operations.RegisterOperationServiceHandler,
		endpoint.RegisterApiEndpointServiceHandler, iam.RegisterIamTokenServiceHandler,
		tocsin.RegisterInvocationServiceHandler, tocsin.RegisterFiringServiceHandler,
		tocsin.RegisterDeadLetterServiceHandler, tocsin.RegisterEventServiceHandler,
		tocsin.RegisterWebhookServiceHandler, tocsin.RegisterClockServiceHandler,
		tocsin.RegisterAccessServiceHandler, tocsin.RegisterOpenIdServiceHandler,
		tocsin.RegisterOtlpServiceHandler, tocsin.RegisterOpenApiServiceHandler,
		tocsin.RegisterScheduleServiceHandler, tocsin.RegisterConsoleServiceHandler,
		tocsin.RegisterFolderServiceHandler, tocsin.RegisterDocumentServiceHandler,
		tocsin.RegisterWatchServiceHandler, tocsin.RegisterTriggerSetupServiceHandler,
		tocsin.RegisterOverviewServiceHandler, tocsin.RegisterSettingsServiceHandler,
		tocsin.RegisterSessionServiceHandler, tocsin.RegisterJobServiceHandler)
	handler := http.NewServeMux()
	handler.Handle("/v1/", google)
	handler.Handle("/v1/logs", others)
	handler.Handle("/v1alpha/", google)
	handler.Handle("/", others)

	listener, err := net.Listen("tcp", os.Args[1])
	check(err)
	fmt.Println(listener.Addr())
	log.Fatal(http.Serve(listener, handler))
}

func mux(
	connection *grpc.ClientConn, options protojson.MarshalOptions,
	onError runtime.ErrorHandlerFunc, services ...register,
) *runtime.ServeMux {
	printer := &runtime.HTTPBodyMarshaler{Marshaler: &runtime.JSONPb{
		MarshalOptions:   options,
		UnmarshalOptions: protojson.UnmarshalOptions{DiscardUnknown: true},
	}}
	settings := []runtime.ServeMuxOption{
		runtime.WithUnescapingMode(runtime.UnescapingModeAllExceptSlash),
		runtime.WithErrorHandler(onError),
		runtime.WithIncomingHeaderMatcher(toMetadata),
		runtime.WithOutgoingHeaderMatcher(fromMetadata),
		runtime.WithMarshalerOption(runtime.MIMEWildcard, rawBodies{printer, "application/json"}),
	}
	for _, name := range []string{"cloudevents+json", "cloudevents-batch+json"} {
		name = "application/" + name
		settings = append(settings, runtime.WithMarshalerOption(name, rawBodies{printer, name}))
	}
	made := runtime.NewServeMux(settings...)
	for _, service := range services {
		check(service(context.Background(), made, connection))
	}
	return made
}

// rawBodies takes a google.api.HttpBody of a request as what it is: bytes of a type.
type rawBodies struct {
	*runtime.HTTPBodyMarshaler
	contentType string
}

func (bodies rawBodies) NewDecoder(reader io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(wanted any) error {
		body, is := wanted.(**httpbody.HttpBody)
		if !is {
			return bodies.HTTPBodyMarshaler.NewDecoder(reader).Decode(wanted)
		}
		data, err := io.ReadAll(reader)
		*body = &httpbody.HttpBody{ContentType: bodies.contentType, Data: data}
		return err
	})
}

// toMetadata passes a request's headers on under their own names, but for those of HTTP itself.
func toMetadata(header string) (string, bool) {
	switch name := strings.ToLower(header); name {
	case "authorization": // the mux passes it on
		return "", false
	case "accept", "accept-encoding", "connection", "content-encoding", "content-length",
		"content-type", "host", "te", "trailer", "transfer-encoding", "upgrade", "user-agent":
		return "", false
	default:
		return name, true
	}
}

// fromMetadata answers what the vendors' clients read, under its own name.
func fromMetadata(name string) (string, bool) {
	switch name {
	case "x-request-id", "x-server-trace-id", "x-operation-poll-interval":
		return name, true
	}
	return "", false
}

// googleError writes an error as Google's clients parse it.
func googleError(
	_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler,
	answer http.ResponseWriter, _ *http.Request, err error,
) {
	told := status.Convert(err)
	details := []json.RawMessage{}
	for _, detail := range told.Proto().GetDetails() {
		if printed, err := protojson.Marshal(detail); err == nil {
			details = append(details, printed)
		}
	}
	number := runtime.HTTPStatusFromCode(told.Code())
	body, err := json.Marshal(map[string]any{"error": map[string]any{
		"code":    number,
		"message": told.Message(),
		"status":  code.Code_name[int32(told.Code())],
		"details": details,
	}})
	check(err)
	answer.Header().Set("Content-Type", "application/json")
	answer.WriteHeader(number)
	_, _ = answer.Write(body)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
