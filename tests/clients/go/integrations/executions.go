package main

import (
	"context"
	"encoding/json"
	"log"

	integrations "google.golang.org/api/integrations/v1"
	"google.golang.org/api/option"
)

// lookAfter schedules an integration by v1, and returns its only execution as List and Get show it.
func lookAfter(url, name string, request []byte) (any, error) {
	body := &integrations.GoogleCloudIntegrationsV1alphaScheduleIntegrationsRequest{}
	if err := json.Unmarshal(request, body); err != nil {
		log.Fatal(err)
	}
	service, err := integrations.NewService(
		context.Background(), option.WithEndpoint(url), option.WithoutAuthentication())
	if err != nil {
		log.Fatal(err)
	}
	calls := service.Projects.Locations.Integrations
	scheduled, err := calls.Schedule(name, body).Do()
	if err != nil {
		return nil, err
	}
	id := scheduled.ExecutionInfoIds[0]
	listed, err := calls.Executions.List(name).
		Filter("event_execution_state=ON_HOLD").
		FilterParamsExecutionId(id).
		OrderBy("create_time desc").
		PageSize(5).
		Do()
	if err != nil {
		return nil, err
	}
	shown, err := calls.Executions.Get(name + "/executions/" + id).Do()
	return map[string]any{"id": id, "listed": listed.Executions, "shown": shown}, err
}
