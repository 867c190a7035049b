//! Examples of Rails, which are also its tests.

use super::more_examples::{CALLED, DEVISE, FILTERS, GENERATED};
use crate::frameworks::Example;

pub(super) static EXAMPLES: &[Example] = &[
    Example {
        title: "resources with forms, and filters of a parent",
        files: &[
            (
                "config/routes.rb",
                r#"
Rails.application.routes.draw do
  root "articles#index"
  get "up" => "rails/health#show", as: :rails_health_check
  resources :articles do
    resources :comments, only: %i[create destroy]
    member do
      post :publish
    end
    get :archive, on: :collection
  end
  resource :profile, only: [:show, :update]
  get "/login", to: "sessions#new"
  post "/login", to: "sessions#create"
  delete "/logout" => "sessions#destroy"
end
"#,
            ),
            (
                "app/controllers/application_controller.rb",
                r#"
class ApplicationController < ActionController::Base
  before_action :require_login

  private

  def require_login
    redirect_to login_path unless current_user
  end

  def current_user
    @current_user ||= User.find_by(id: session[:user_id])
  end
end
"#,
            ),
            (
                "app/controllers/articles_controller.rb",
                r#"
class ArticlesController < ApplicationController
  skip_before_action :require_login, only: [:index, :show, :archive]
  before_action :set_article, only: %i[show edit update destroy publish]

  def index; end

  private

  def set_article
    @article = Article.find(params[:id])
  end
end
"#,
            ),
            (
                "app/controllers/sessions_controller.rb",
                "class SessionsController < ApplicationController\n  \
                 skip_before_action :require_login, except: :destroy\nend\n",
            ),
            (
                "app/controllers/comments_controller.rb",
                "class CommentsController < ApplicationController; end",
            ),
            (
                "app/controllers/profiles_controller.rb",
                "class ProfilesController < ApplicationController; end",
            ),
        ],
        routes: &[
            "GET / none",
            "GET /up none",
            "GET /articles none",
            "POST /articles required",
            "GET /articles/new required",
            "GET /articles/{id}/edit required",
            "GET /articles/{id} none",
            "PATCH /articles/{id} required",
            "PUT /articles/{id} required",
            "DELETE /articles/{id} required",
            "POST /articles/{article_id}/comments required",
            "DELETE /articles/{article_id}/comments/{id} required",
            "POST /articles/{id}/publish required",
            "GET /articles/archive none",
            "GET /profile required",
            "PATCH /profile required",
            "PUT /profile required",
            "GET /login none",
            "POST /login none",
            "DELETE /logout required",
        ],
    },
    Example {
        title: "an API in namespaces with a file of its own, and a concern that guards",
        files: &[
            (
                "config/application.rb",
                "module Shop\n  class Application < Rails::Application\n    \
                 config.api_only = true\n  end\nend\n",
            ),
            (
                "config/routes.rb",
                "Rails.application.routes.draw do\n  draw(:api)\n  \
                 match '*unmatched', to: 'errors#missing', via: :all\nend\n",
            ),
            (
                "config/routes/api.rb",
                r#"
namespace :api, defaults: { format: :json } do
  namespace :v1 do
    resources :orders, except: [:destroy] do
      resources :line_items, shallow: true, only: [:index, :show]
    end
    resources :products, param: :slug, only: :show
    scope :reports, controller: :reports do
      get :daily
      get "by/:month", action: :monthly
    end
  end
end
"#,
            ),
            (
                "app/controllers/concerns/token_gate.rb",
                r#"
module TokenGate
  extend ActiveSupport::Concern

  included do
    before_action :gate
  end

  class_methods do
    def open_to_all(**options)
      skip_before_action :gate, **options
    end
  end

  private

  def gate
    @key = ApiKey.find_by(digest: request.headers["X-Key"])
    render json: { error: "who are you" }, status: :unauthorized if @key.nil?
  end
end
"#,
            ),
            (
                "app/controllers/api/base_controller.rb",
                "module Api\n  class BaseController < ActionController::API\n    \
                 include TokenGate\n  end\nend\n",
            ),
            (
                "app/controllers/api/v1/orders_controller.rb",
                "class Api::V1::OrdersController < Api::BaseController\nend\n",
            ),
            (
                "app/controllers/api/v1/line_items_controller.rb",
                "module Api\n  module V1\n    class LineItemsController < BaseController\n    \
                 end\n  end\nend\n",
            ),
            (
                "app/controllers/api/v1/products_controller.rb",
                "module Api\n  module V1\n    class ProductsController < BaseController\n      \
                 open_to_all only: :show\n    end\n  end\nend\n",
            ),
            (
                "app/controllers/api/v1/reports_controller.rb",
                "module Api\n  module V1\n    class ReportsController < BaseController\n      \
                 skip_before_action :gate, if: -> { action_name == 'daily' }\n    \
                 end\n  end\nend\n",
            ),
        ],
        routes: &[
            "GET /api/v1/orders required",
            "POST /api/v1/orders required",
            "GET /api/v1/orders/{id} required",
            "PATCH /api/v1/orders/{id} required",
            "PUT /api/v1/orders/{id} required",
            "GET /api/v1/orders/{order_id}/line_items required",
            "GET /api/v1/line_items/{id} required",
            "GET /api/v1/products/{slug} none",
            "GET /api/v1/reports/daily none",
            "GET /api/v1/reports/by/{month} required",
            "ANY /{unmatched} none",
        ],
    },
    DEVISE,
    GENERATED,
    FILTERS,
    CALLED,
    Example {
        title: "an engine of the same folder, mounted behind a sign-in",
        files: &[
            (
                "config/routes.rb",
                r#"
Rails.application.routes.draw do
  authenticated :user do
    mount Billing::Engine, at: "/billing"
  end
  mount ActionCable.server => "/cable"
end
"#,
            ),
            (
                "engines/billing/config/routes.rb",
                "Billing::Engine.routes.draw do\n  resources :plans, only: [:index]\nend\n",
            ),
            (
                "engines/billing/app/controllers/billing/plans_controller.rb",
                "module Billing\n  class PlansController < ActionController::API\n  end\nend\n",
            ),
        ],
        routes: &["GET /billing/plans required"],
    },
    Example {
        title: "no routes: clients, caches and comments",
        files: &[(
            "app/services/weather.rb",
            r#"
class Weather
  # get "/forecast", to: "forecast#show"
  def call
    conn = Faraday.new(url: "https://weather.example")
    conn.get("/forecast")
    Rails.cache.fetch("/x") { HTTParty.get("/y") }
    routes = { get: "/z" }
    routes.fetch(:get)
  end
end
"#,
        )],
        routes: &[],
    },
];
