// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	_ "embed" // for the page
	"html/template"
	"os"
	"strings"

	"tcpcb/conformance/requirements"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	// class is the CSS class of a verdict.
	"class": func(v requirements.Verdict) string {
		return strings.NewReplacer(" ", "-", "/", "").Replace(string(v))
	},
}).Parse(pageText))

// writePage writes the report as a page that stands by itself.
func writePage(file string, rep *report) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	return pageTemplate.Execute(f, rep)
}
