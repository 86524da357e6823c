// Calls Tocsin with stubs that were generated from its protos.
//
// Arguments: the gRPC server's address, a folder's id. Prints two JSON lines: the trigger that was
// created and read again, and what became of a request that breaks rules.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	triggers "example.com/app/gen/yandex/cloud/serverless/triggers/v1"
)

func main() {
	conn, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	client := triggers.NewTriggerServiceClient(conn)
	answers := json.NewEncoder(os.Stdout)
	check(answers.Encode(roundTrip(client, os.Args[2])))
	check(answers.Encode(refusal(client)))
}

func roundTrip(client triggers.TriggerServiceClient, folder string) map[string]any {
	rule := &triggers.Trigger_Rule{Rule: &triggers.Trigger_Rule_Timer{
		Timer: &triggers.Trigger_Timer{
			CronExpression: "* * * * ? *",
			Action: &triggers.Trigger_Timer_InvokeFunction{
				InvokeFunction: &triggers.InvokeFunctionOnce{FunctionId: "d4e00000000000000001"},
			},
		},
	}}
	operation, err := client.Create(context.Background(), &triggers.CreateTriggerRequest{
		FolderId: folder, Name: "by-go", Rule: rule,
	})
	check(err)
	created := &triggers.CreateTriggerMetadata{}
	check(operation.GetMetadata().UnmarshalTo(created))
	found, err := client.Get(context.Background(),
		&triggers.GetTriggerRequest{TriggerId: created.TriggerId})
	check(err)
	return map[string]any{
		"name": found.Name, "cron": found.GetRule().GetTimer().GetCronExpression(),
	}
}

func refusal(client triggers.TriggerServiceClient) map[string]any {
	_, err := client.Create(context.Background(), &triggers.CreateTriggerRequest{Name: "Bad Name"})
	refused := status.Convert(err)
	fields := []string{}
	for _, detail := range refused.Details() {
		if bad, ok := detail.(*errdetails.BadRequest); ok {
			for _, violation := range bad.GetFieldViolations() {
				fields = append(fields, violation.GetField())
			}
		}
	}
	return map[string]any{"code": int(refused.Code()), "fields": fields}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
