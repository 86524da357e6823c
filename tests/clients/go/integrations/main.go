// Schedules an integration with google.golang.org/api/integrations.
//
// Arguments: the server's URL; v1, v1alpha, or executions for what v1 shows of it afterwards; the integration's name, the request in JSON.
// Prints one JSON line: the response, or the error as its caller sees it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"strings"

	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/api/googleapi"
	integrations "google.golang.org/api/integrations/v1"
	integrationsalpha "google.golang.org/api/integrations/v1alpha"
	"google.golang.org/api/option"
)

func main() {
	url, version, name, request := os.Args[1], os.Args[2], os.Args[3], []byte(os.Args[4])
	schedule := scheduleV1
	switch version {
	case "v1alpha":
		schedule = scheduleV1Alpha
	case "executions":
		schedule = lookAfter
	}
	response, err := schedule(url, name, request)
	answer := map[string]any{"response": response}
	if err != nil {
		answer = map[string]any{"error": told(err)}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		log.Fatal(err)
	}
}

func scheduleV1(url, name string, request []byte) (any, error) {
	body := &integrations.GoogleCloudIntegrationsV1alphaScheduleIntegrationsRequest{}
	if err := json.Unmarshal(request, body); err != nil {
		log.Fatal(err)
	}
	service, err := integrations.NewService(
		context.Background(), option.WithEndpoint(url), option.WithoutAuthentication())
	if err != nil {
		log.Fatal(err)
	}
	locations := service.Projects.Locations
	if strings.Contains(name, "/products/") {
		return locations.Products.Integrations.Schedule(name, body).Do()
	}
	return locations.Integrations.Schedule(name, body).Do()
}

func scheduleV1Alpha(url, name string, request []byte) (any, error) {
	body := &integrationsalpha.GoogleCloudIntegrationsV1alphaScheduleIntegrationsRequest{}
	if err := json.Unmarshal(request, body); err != nil {
		log.Fatal(err)
	}
	service, err := integrationsalpha.NewService(
		context.Background(), option.WithEndpoint(url), option.WithoutAuthentication())
	if err != nil {
		log.Fatal(err)
	}
	locations := service.Projects.Locations
	if strings.Contains(name, "/products/") {
		return locations.Products.Integrations.Schedule(name, body).Do()
	}
	return locations.Integrations.Schedule(name, body).Do()
}

// told is what the client's own error types say; an error of another type ends the program.
func told(err error) map[string]any {
	var refused *googleapi.Error
	var typed *apierror.APIError
	if !errors.As(err, &refused) || !errors.As(err, &typed) {
		log.Fatalf("%T: %v", err, err)
	}
	fields := []string{}
	for _, violation := range typed.Details().BadRequest.GetFieldViolations() {
		fields = append(fields, violation.GetField())
	}
	return map[string]any{
		"code":    refused.Code,
		"message": refused.Message,
		"details": refused.Details,
		"fields":  fields,
	}
}
