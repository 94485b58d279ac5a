// Command kstatus reads a JSON array of Kubernetes objects and prints the status of each on a line
// of its own, as Flux and Helm 4 see it: Current, InProgress, Failed, Terminating or Unknown.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func main() {
	var objects []json.RawMessage
	if err := json.NewDecoder(os.Stdin).Decode(&objects); err != nil {
		log.Fatal(err)
	}
	for _, text := range objects {
		var object unstructured.Unstructured
		// It makes int64 of whole numbers, which the library insists on.
		if err := object.UnmarshalJSON(text); err != nil {
			log.Fatal(err)
		}
		result, err := status.Compute(&object)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(result.Status)
	}
}
