// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Judges checkpoints, proofs and receipts with golang.org/x/mod/sumdb, which knows nothing of us: a case of
// independent.py a line on standard input, {"ok","why"} a line on standard output.
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type request struct {
	Check, Key, Origin, Note, Old, Leaf, Receipt string
	Index                                        int64
	Proof, Leaves                                []string
}

// p256 is what note lacks: a log key as FORMAT.md section 6 describes it.
type p256 struct {
	name string
	spki []byte
	key  *ecdsa.PublicKey
}

func (v p256) Name() string { return v.name }

func (v p256) KeyHash() uint32 {
	sum := sha256.Sum256(v.spki)
	return binary.BigEndian.Uint32(sum[:])
}

func (v p256) Verify(msg, sig []byte) bool {
	sum := sha256.Sum256(msg)
	return ecdsa.VerifyASN1(v.key, sum[:], sig)
}

func logKey(name, text string) (note.Verifier, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("no PEM")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	public, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("not an EC key")
	}
	return p256{name, block.Bytes, public}, nil
}

// openNote is note.Open and the three lines of a checkpoint.
func (r request) openNote(text string) (tlog.Tree, error) {
	var tree tlog.Tree
	key, err := logKey(r.Origin, r.Key)
	if err != nil {
		return tree, err
	}
	opened, err := note.Open([]byte(text), note.VerifierList(key))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != r.Origin || lines[3] != "" {
		return tree, errors.New("not a checkpoint of this log")
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

func hashesOf(texts []string) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, text := range texts {
		hash, err := tlog.ParseHash(text)
		if err != nil {
			return nil, err
		}
		out = append(out, hash)
	}
	return out, nil
}

func (r request) inclusion() error {
	tree, err := r.openNote(r.Note)
	if err != nil {
		return err
	}
	proof, err := hashesOf(r.Proof)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, r.Index, tlog.RecordHash([]byte(r.Leaf)))
}

func (r request) consistency() error {
	old, err := r.openNote(r.Old)
	if err != nil {
		return err
	}
	tree, err := r.openNote(r.Note)
	if err != nil {
		return err
	}
	proof, err := hashesOf(r.Proof)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
}

// tree rebuilds the whole tree from its leaf hashes.
func (r request) tree() error {
	tree, err := r.openNote(r.Note)
	if err != nil {
		return err
	}
	leaves, err := hashesOf(r.Leaves)
	if err != nil {
		return err
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, at := range indexes {
			out[i] = stored[at]
		}
		return out, nil
	})
	for n, leaf := range leaves {
		more, err := tlog.StoredHashesForRecordHash(int64(n), leaf, reader)
		if err != nil {
			return err
		}
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(int64(len(leaves)), reader)
	if err != nil {
		return err
	}
	if int64(len(leaves)) != tree.N || root != tree.Hash {
		return errors.New("another root")
	}
	return nil
}

// receipt reads c2sp.org/tlog-proof@v1 and ends in an inclusion.
func (r request) receipt() error {
	head, signed, found := strings.Cut(r.Receipt, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a receipt")
	}
	extra, err := base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return err
	}
	var entry struct{ Leaf string }
	if err = json.Unmarshal(extra, &entry); err != nil {
		return err
	}
	if r.Index, err = strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64); err != nil {
		return err
	}
	r.Note, r.Leaf, r.Proof = signed, entry.Leaf, lines[3:]
	return r.inclusion()
}

func (r request) judge() error {
	switch r.Check {
	case "checkpoint":
		_, err := r.openNote(r.Note)
		return err
	case "inclusion":
		return r.inclusion()
	case "consistency":
		return r.consistency()
	case "tree":
		return r.tree()
	case "receipt":
		return r.receipt()
	}
	return fmt.Errorf("unknown check %q", r.Check)
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<24)
	output := json.NewEncoder(os.Stdout)
	for input.Scan() {
		var r request
		err := json.Unmarshal(input.Bytes(), &r)
		if err == nil {
			err = r.judge()
		}
		why := ""
		if err != nil {
			why = err.Error()
		}
		output.Encode(map[string]interface{}{"ok": err == nil, "why": why})
	}
}
