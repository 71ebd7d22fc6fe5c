// Puts, gets, touches and deletes a key through gRPC. Usage: tour HOST:PORT
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	kachev1 "kache.dev/kache/v1"
)

// A call that a server could not take is sent again. So all writes here carry a stamp: an attempt that
// arrives late then changes nothing. With a name that stands for many addresses ("dns:///..."), calls
// are spread over all of them.
const serviceConfig = `{
  "loadBalancingConfig": [{"round_robin": {}}],
  "methodConfig": [{
    "name": [{"service": "kache.v1.Kache"}],
    "retryPolicy": {
      "maxAttempts": 4, "initialBackoff": "0.05s", "maxBackoff": "1s", "backoffMultiplier": 3,
      "retryableStatusCodes": ["UNAVAILABLE"]
    }
  }]
}`

// Gives each write its version. One for each process. Not for several goroutines at once.
type stamps struct {
	ahead time.Duration // of cluster time before the own clock
	clock uint64
	last  uint64
}

func newStamps(ctx context.Context, cache kachev1.KacheClient) *stamps {
	status, err := cache.GetStatus(ctx, &kachev1.GetStatusRequest{})
	check(err)
	made := &stamps{}
	if status.ClusterTimeUnixMs != 0 { // an older server names no time: then the own clock counts
		made.ahead = time.Until(time.UnixMilli(status.ClusterTimeUnixMs))
	}
	var random [8]byte
	for made.clock == 0 {
		_, err = rand.Read(random[2:])
		check(err)
		made.clock = binary.BigEndian.Uint64(random[:]) << 16
	}
	return made
}

func (s *stamps) next() *kachev1.Stamp {
	now := uint64(time.Now().Add(s.ahead).UnixMilli()) << 16
	s.last = max(now, s.last+1) // it only rises
	return &kachev1.Stamp{Timestamp: s.last, Clock: s.clock}
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: tour HOST:PORT")
	}
	connection, err := grpc.NewClient(os.Args[1],
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(serviceConfig))
	check(err)
	defer connection.Close()
	cache := kachev1.NewKacheClient(connection)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()

	stamps := newStamps(ctx, cache)
	key, value := []byte("user:1"), []byte("\x00any bytes\xff")
	put, err := cache.Put(ctx, &kachev1.PutRequest{
		Key: key, Value: value, TtlMs: 60_000, Stamp: stamps.next()})
	check(err)
	fmt.Printf("stored on %d or more replicas\n", put.Receipt.Acknowledged)

	// Not older than what was written above, whichever server answers.
	got, err := cache.Get(ctx, &kachev1.GetRequest{Key: key, MinVersion: put.Receipt.Version})
	check(err)
	if !got.Found || !bytes.Equal(got.Value, value) {
		log.Fatalf("read back %q", got.Value)
	}
	fmt.Printf("read back %q, %d ms left\n", got.Value, got.TtlMs)

	touched, err := cache.Touch(ctx, &kachev1.TouchRequest{
		Key: key, TtlMs: 3_600_000, Stamp: stamps.next()})
	check(err)
	if !touched.Found {
		log.Fatal("not there any more")
	}
	fmt.Println("lives for an hour")

	_, err = cache.Delete(ctx, &kachev1.DeleteRequest{Key: key, Stamp: stamps.next()})
	check(err)
	got, err = cache.Get(ctx, &kachev1.GetRequest{Key: key})
	check(err)
	if got.Found {
		log.Fatal("still there")
	}
	fmt.Println("deleted")
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
