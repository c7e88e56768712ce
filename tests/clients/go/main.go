// Uses the client that oapi-codegen made of docs/openapi.json against a real server.
package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"

	"admit.test/client/admit"
)

const gate = "windows-mdm"

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	fmt.Println("go: decided, patched, uploaded, measured")
}

func run(ctx context.Context) error {
	bearer := admit.WithRequestEditorFn(func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+os.Getenv("ACCESS"))
		return nil
	})
	service, err := admit.NewClientWithResponses(os.Getenv("SERVICE"), bearer)
	if err != nil {
		return err
	}
	admin, err := admit.NewClientWithResponses(os.Getenv("ADMIN"), bearer)
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context, *admit.ClientWithResponses) error{decide, ready} {
		if err := step(ctx, service); err != nil {
			return err
		}
	}
	for _, step := range []func(context.Context, *admit.ClientWithResponses) error{patch, upload, measure} {
		if err := step(ctx, admin); err != nil {
			return err
		}
	}
	return nil
}

func decide(ctx context.Context, service *admit.ClientWithResponses) error {
	question := admit.Question{Token: os.Getenv("TOKEN")}
	answer, err := service.DecideWithResponse(ctx, gate, nil, question)
	if err != nil {
		return err
	}
	decision := answer.JSON200
	if decision == nil || decision.Outcome != admit.DecisionOutcomeAllow || decision.Identity == nil {
		return fmt.Errorf("decided: %s", answer.Body)
	}
	unknown, err := service.DecideWithResponse(ctx, "nowhere", nil, question)
	if err != nil {
		return err
	}
	if unknown.JSON404 == nil {
		return fmt.Errorf("an unknown gate: %s", unknown.Body)
	}
	return nil
}

func ready(ctx context.Context, service *admit.ClientWithResponses) error {
	answer, err := service.GateReadyWithResponse(ctx, gate, nil)
	if err != nil {
		return err
	}
	if answer.JSON200 == nil {
		return fmt.Errorf("not ready: %s", answer.Body)
	}
	return nil
}

func patch(ctx context.Context, admin *admit.ClientWithResponses) error {
	before, err := admin.GetSettingsWithResponse(ctx, gate, nil)
	if err != nil {
		return err
	}
	scopes := before.JSON200.Effective["scopes"]
	values, err := scopes.AsSettingValue3()
	if err != nil {
		return err
	}
	var wanted admit.SettingValue
	if err := wanted.FromSettingValue3(append(values, "go")); err != nil {
		return err
	}
	tag := before.HTTPResponse.Header.Get("ETag")
	change := admit.SettingsPatch{"scopes": &wanted, "allow_guests": nil}
	params := &admit.PatchSettingsParams{IfMatch: &tag}
	changed, err := admin.PatchSettingsWithResponse(ctx, gate, params, change)
	if err != nil {
		return err
	}
	if changed.JSON200 == nil || !changed.JSON200.Changed {
		return fmt.Errorf("patched: %s", changed.Body)
	}
	late, err := admin.PatchSettingsWithResponse(ctx, gate, params, change)
	if err != nil {
		return err
	}
	if late.JSON412 == nil {
		return fmt.Errorf("patched an old revision: %s", late.Body)
	}
	return nil
}

func upload(ctx context.Context, admin *admit.ClientWithResponses) error {
	component := bytes.NewReader([]byte("\x00asm"))
	answer, err := admin.PostPolicyWithBodyWithResponse(ctx, gate, nil, "application/octet-stream", component)
	if err != nil {
		return err
	}
	if answer.JSON422 == nil {
		return fmt.Errorf("uploaded no component: %s", answer.Body)
	}
	return nil
}

func measure(ctx context.Context, admin *admit.ClientWithResponses) error {
	answer, err := admin.MetricsWithResponse(ctx, nil)
	if err != nil {
		return err
	}
	if !strings.Contains(string(answer.Body), "admit_decisions_total{") {
		return fmt.Errorf("metrics: %s", answer.Body)
	}
	return nil
}
